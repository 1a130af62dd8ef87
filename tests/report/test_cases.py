"""What is compared with what."""

import pytest

from braincl_jax.report.cases import cases_of, pairs_of, reference_of


@pytest.fixture
def run_of(summary_of):
    return lambda method, seed=0, **changes: summary_of(
        [[1.0]], method=method, seed=seed, **changes
    )


def test_runs_are_gathered_by_method_in_order_of_first_appearance(run_of):
    runs = [run_of(method, seed) for seed, method in enumerate("aba")]
    found = [(case.name, case.runs) for case in cases_of(runs)]
    assert found == [("a", [runs[0], runs[2]]), ("b", [runs[1]])]


def test_names_say_what_conditions_of_a_method_differ_in_and_no_more(run_of):
    runs = [
        run_of("a", budget_bytes=1000, max_flops=2e12),
        run_of("a", budget_bytes=2000, max_flops=2e12),
        run_of("b", budget_bytes=1000, max_flops=2e12),
        run_of("c", max_flops=0.0, max_examples=0),
        run_of("c", max_flops=2.5e12, max_examples=7000),
    ]
    assert [case.name for case in cases_of(runs)] == [
        *("a, 1,000 bytes", "a, 2,000 bytes", "b", "c, no cap on FLOPs, no cap on examples"),
        "c, at most 2.5 TFLOP, at most 7,000 examples",
    ]


def test_runs_from_before_there_were_caps_had_none(run_of):
    (case,) = cases_of([run_of("a", 0), run_of("a", 1, max_flops=0.0, max_examples=0)])
    assert tuple(case.condition) == (4000, 0.0, 0)


def names(pairs):
    return [f"{one.name} - {other.name}" for one, other in pairs]


def test_methods_are_paired_under_equal_conditions(run_of):
    runs = [run_of(method, budget_bytes=budget) for method in "ab" for budget in (1, 2)]
    assert names(pairs_of(cases_of(runs))) == ["a, 1 bytes - b, 1 bytes", "a, 2 bytes - b, 2 bytes"]


def test_methods_without_a_condition_in_common_are_paired_in_all(run_of):
    runs = [run_of("a", budget_bytes=1), run_of("a", budget_bytes=2), run_of("b", budget_bytes=3)]
    assert names(pairs_of(cases_of(runs))) == ["a, 1 bytes - b", "a, 2 bytes - b"]


def test_joint_training_is_known_under_any_name(run_of):
    runs = [
        run_of("joint_recalled"),
        run_of("upper", settings={"method": "joint(x=1)"}),
        run_of("joint", settings={"method": "braincl"}),
    ]
    cases = cases_of(runs)
    assert [case.is_of("joint") for case in cases] == [False, True, False]
    assert reference_of("joint", cases[0], cases) is cases[1]


def test_a_case_is_measured_by_joint_training_under_its_condition_or_the_only_one(run_of):
    runs = [run_of("a", budget_bytes=2), run_of("a", budget_bytes=3), run_of("joint")]
    cases = cases_of(runs)
    assert [reference_of("joint", case, cases) for case in cases[:2]] == [cases[2]] * 2
    several = cases_of(
        [*runs[:2], run_of("joint", budget_bytes=2), run_of("joint", budget_bytes=9)]
    )
    assert [reference_of("joint", case, several) for case in several[:2]] == [several[2], None]
    assert reference_of("joint", cases[0], cases[:2]) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "joint", "num_tasks": 5}, "num_tasks: a has 1, joint has 5"),
        ({"method": "joint", "dataset": "npz:x"}, "dataset: a has .*, joint has 'npz:x'"),
        (
            {"method": "joint", "evaluated_on": "validation"},
            "evaluated_on: a has 'test', joint has 'validation'",
        ),
        ({"method": "joint", "data": "9f"}, "data: a has '1d', joint has '9f'"),
        (
            {"method": "joint", "class_order": list(range(1, 1000))},
            r"class_order: a has \[0\], joint has \[1, 2.{70,80}$",
        ),
        ({}, r"a has 2 runs but seeds \[3, 3\]"),
    ],
)
def test_runs_that_are_not_equal_are_not_compared(summary_of, changes, message):
    one = summary_of([[1.0]], method="a", evaluated_on="test", data="1d", class_order=[0])
    if "dataset" in changes:
        one["data"] = None
    with pytest.raises(ValueError, match=message):
        cases_of([one, one | changes])


def test_what_earlier_versions_did_not_note_is_no_difference(summary_of):
    one = summary_of([[1.0]], method="a")
    later = one | {"method": "b", "data": "9f", "class_order": [0]}
    assert len(cases_of([one, later])) == 2
    with pytest.raises(ValueError, match="data: b has '9f', c has '1d'"):
        cases_of([one, later, later | {"method": "c", "data": "1d"}])


def test_the_same_images_may_lie_anywhere(summary_of):
    one = summary_of([[1.0]], method="a", dataset="npz:here.npz", data="1d")
    assert len(cases_of([one, one | {"method": "b", "dataset": "npz:there.npz"}])) == 2


def test_no_run_is_an_error():
    with pytest.raises(ValueError, match="at least 1 run, got 0"):
        cases_of([])
