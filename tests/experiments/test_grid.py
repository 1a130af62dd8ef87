"""The grid of a comparison is known, checked and told apart before anything is trained."""

import pytest

from braincl_jax.runtime import folder
from experiments import grid
from experiments.benchmarks.harness import small_flags
from experiments.grid import (
    BEGUN,
    FINISHED,
    TO_DO,
    Variant,
    cross,
    expected_seconds,
    parse_seeds,
    parse_variant,
    plan_grid,
)


class TestVariants:
    def test_a_bare_name_is_a_method(self):
        assert parse_variant("joint") == Variant("joint", ("--config.method=joint",))

    def test_a_name_with_settings_is_a_variant(self):
        assert parse_variant("no wake:wake.epochs=0, codec.width=32") == Variant(
            "no wake", ("--config.wake.epochs=0", "--config.codec.width=32")
        )

    def test_commas_inside_brackets_belong_to_a_value(self):
        augmentation = "sleep.augmentation=crop_flip_noise(crop_padding=3, noise=25.0)"
        variant = parse_variant(f"plain:{augmentation},evaluators=('a', 'b'),sleep.steps=1")
        assert variant.flags == (
            f"--config.{augmentation}",
            "--config.evaluators=('a', 'b')",
            "--config.sleep.steps=1",
        )

    @pytest.mark.parametrize("text", ["no_such_method", "a:b", "a:b=1,c", ":a=1", ""])
    def test_anything_else_is_refused(self, text):
        with pytest.raises(ValueError, match="variant"):
            parse_variant(text)

    def test_seeds_are_numbers(self):
        assert parse_seeds(["0", "12"]) == [0, 12]
        for wrong in (["a"], ["-1"], ["1.5"], []):
            with pytest.raises(ValueError, match="--seeds="):
                parse_seeds(wrong)


@pytest.fixture
def planned(tmp_path):
    """Plans a grid on a small data set; variants as on the command line."""
    config, *common = small_flags(tmp_path)

    def plan(*texts, seeds=(0,), more=(), **values):
        return plan_grid(
            [parse_variant(text) for text in texts],
            seeds,
            config=config.partition("=")[2],
            common=[*common, *more],
            workdir=tmp_path / "runs",
            conditions=cross(**values),
        )

    return plan


def finish(run, seconds: float) -> None:
    folder.claim(run.folder, run.record, anew=True)
    folder.write_sealed(
        run.folder / "summary.json", {"method": "x", "wall_seconds": {"replay": seconds}}
    )


def test_the_grid_is_variants_by_seeds_each_with_a_folder_of_its_own(planned, tmp_path):
    runs = planned(
        "joint", "a b:wake.epochs=0", "a_b:wake.epochs=2", "../../esc:method=braincl", seeds=(0, 1)
    )
    assert [(run.name, run.seed) for run in runs[:3]] == [("joint", 0), ("joint", 1), ("a b", 0)]
    folders = {run.folder for run in runs}
    assert {folder.parent for folder in folders} == {tmp_path / "runs"}
    # The last variant is the shared config itself.
    assert len(folders) == 8
    assert {run.progress for run in runs} == {TO_DO}


def test_two_names_of_one_run_share_it(planned):
    one, other = planned("joint", "the same:method=joint")
    assert one.folder == other.folder
    finish(one, 60)
    assert (other.progress, other.summary["method"]) == (FINISHED, "the same")


def test_every_budget_is_crossed_with_every_cap():
    assert cross(budget_bytes=[], max_flops=[]) == [{}]
    assert cross(budget_bytes=["1", "2"], max_flops=[], max_examples=["0", "9"]) == [
        {"budget_bytes": "1", "max_examples": "0"},
        {"budget_bytes": "1", "max_examples": "9"},
        {"budget_bytes": "2", "max_examples": "0"},
        {"budget_bytes": "2", "max_examples": "9"},
    ]
    with pytest.raises(ValueError, match="--max_flops: 1e9 is there more than once"):
        cross(max_flops=["1e9", "1e9"])


def test_variants_are_run_under_every_condition_but_for_what_they_set_themselves(planned):
    runs = planned(*("joint", "rich:method=joint,budget_bytes=9000"), budget_bytes=["6000", "7000"])
    assert [run.label for run in runs] == [
        *("joint, budget_bytes=6000", "joint, budget_bytes=7000", "rich, budget_bytes=9000"),
    ]
    assert [run.record.plan.budget_bytes for run in runs] == [6000, 7000, 9000]
    assert len({run.folder for run in runs}) == 3
    (run,) = planned("joint", max_flops=["0"], max_examples=["500"])
    assert run.label == "joint, max_flops=0, max_examples=500"


def test_a_cap_that_is_too_small_is_told_before_anything_is_written(planned, tmp_path):
    with pytest.raises(ValueError, match="variant 'joint', seed 0: max_examples=3 is too small"):
        planned("joint", max_examples=["3"])
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("texts", "seeds", "message"),
    [
        (("joint", "joint"), (0,), "--variant: joint is there more than once"),
        (("joint",), (0, 1, 0), "--seeds: 0 is there more than once"),
        (("joint", "wide:codec.wdth=3"), (0,), "variant 'wide', seed 0: .*wdth"),
        (
            ("joint", "poor:method=braincl,budget_bytes=10"),
            (0,),
            "variant 'poor', seed 0: .*budget",
        ),
        (
            ("odd:method=joint,num_devices=3",),
            (0,),
            "variant 'odd', seed 0: .* must be a multiple of the 3 devices",
        ),
        (
            ("strange:method=joint,evaluators=('out_of_distribution',)",),
            (0,),
            "variant 'strange', seed 0: .*sources",
        ),
        (("joint", "other:class_order_seed=4"), (0,), "'other' learns other tasks .* than 'joint'"),
    ],
)
def test_what_cannot_be_compared_is_told_before_anything_is_written(
    planned, texts, seeds, message, tmp_path
):
    with pytest.raises(ValueError, match=message):
        planned(*texts, seeds=seeds)
    assert not (tmp_path / "runs").exists()


def test_other_code_is_another_run_and_the_finished_one_stays(planned, monkeypatch):
    (run,) = planned("joint")
    finish(run, 60)
    monkeypatch.setattr(grid, "code_digest", lambda: "other")
    (other,) = planned("joint")
    assert (run.progress, other.progress) == (FINISHED, TO_DO)
    assert other.folder != run.folder


def test_a_folder_that_is_somebody_elses_is_refused(planned):
    (run,) = planned("joint")
    (run.folder / "report").mkdir(parents=True)
    with pytest.raises(ValueError, match="holds report, but no config"):
        planned("joint")


def test_time_is_expected_by_what_others_took(planned):
    runs = planned("joint", "finetune", seeds=(0, 1))
    assert expected_seconds(runs) is None
    finish(runs[0], 60)
    folder.claim(runs[1].folder, runs[1].record, anew=True)
    assert [run.progress for run in runs] == [FINISHED, BEGUN, TO_DO, TO_DO]
    assert expected_seconds(runs) == 3 * 60
    finish(runs[2], 20)
    assert expected_seconds(runs) == 60 + 20


def test_a_variant_cannot_have_a_seed_of_its_own():
    with pytest.raises(
        ValueError, match=r"sets seed=7: every variant has every seed; give --seeds"
    ):
        parse_variant("x:sleep.steps=3,seed=7")


def test_budgets_that_would_change_nothing_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"--budget_bytes=100000 .* bytes_per_class=30000 .* to 0"):
        plan_grid(
            [parse_variant("braincl")],
            [0],
            config="smoke",
            common=["--config.bytes_per_class=30000"],
            workdir=tmp_path,
            conditions=cross(budget_bytes=["100000"]),
        )
