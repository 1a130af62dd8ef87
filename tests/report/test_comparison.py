"""The comparison of methods: hand-computed means, and runs that must not be compared."""

import pytest
from matplotlib.image import imread

from braincl_jax.report.comparison import comparison_table, write_comparison


def run_of(method, seed, final, **changes):
    return {
        "method": method,
        "dataset": "embedded:fashion_mnist_mini",
        "seed": seed,
        "num_tasks": 2,
        "accuracy_matrix": [[0.9, None], [final, final]],
        "final_accuracy": final,
        "average_incremental_accuracy": (0.9 + final) / 2,
        "forgetting_chaudhry": 0.9 - final,
        "memory_bytes": {"total": 1000},
        "budget_bytes": 4000,
        "num_cues": 10,
        "recall_psnr_db": 25.0,
        "wall_seconds": {"wake": 60.0, "sleep": 30.0},
        **changes,
    }


RUNS = [
    run_of("raw_replay", 0, 0.5, recall_psnr_db=None, memory_bytes={"total": 4000}),
    run_of("braincl", 0, 0.70, memory_bytes={"total": 2001}, num_cues=1500, recall_psnr_db=24.0),
    run_of("finetune", 0, 0.4, recall_psnr_db=None, num_cues=None, memory_bytes={"total": 0}),
    run_of("braincl", 1, 0.74, memory_bytes={"total": 2003}, num_cues=1700, recall_psnr_db=None),
    run_of("braincl", 2, 0.78, memory_bytes={"total": 2005}, num_cues=1300, recall_psnr_db=25.0),
]


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_row_holds_means_over_the_seeds_of_its_method():
    table = comparison_table(RUNS).splitlines()
    assert cells(table[3]) == [
        "braincl",
        # mean (70 + 74 + 78) / 3 = 74; sample deviation sqrt((16 + 0 + 16) / 2) = 4
        "74.00 ± 4.00 (n = 3)",
        # (80 + 82 + 84) / 3
        "82.00",
        # (20 + 16 + 12) / 3
        "16.00",
        "2,003",
        "1,500",
        # the run without a PSNR does not count: (24 + 25) / 2
        "24.50",
        # (60 + 30) / 60
        "1.5",
    ]


def test_rows_come_in_order_of_first_appearance():
    names = [cells(line)[0] for line in comparison_table(RUNS).splitlines()]
    assert names == ["method", ":--", "raw_replay", "braincl", "finetune"]


def test_one_seed_has_no_deviation_and_a_missing_measure_is_said_to_be_missing():
    finetune = cells(comparison_table(RUNS).splitlines()[-1])
    assert finetune == ["finetune", "40.00 (n = 1)", "65.00", "50.00", "0", "n/a", "n/a", "1.5"]


def test_the_table_has_as_many_cells_in_every_row():
    assert {len(cells(line)) for line in comparison_table(RUNS).splitlines()} == {8}


def test_the_plot_decodes_and_its_folder_is_created(tmp_path):
    path = write_comparison(tmp_path / "new" / "comparison.png", RUNS)
    assert path == tmp_path / "new" / "comparison.png"
    assert imread(path).shape[:2] == (540, 1200)


def test_the_plot_works_for_one_task_and_for_more_methods_than_colours(tmp_path):
    changes = {"num_tasks": 1, "accuracy_matrix": [[0.5]]}
    runs = [run_of(f"method {k}", 0, 0.5, **changes) for k in range(9)]
    assert imread(write_comparison(tmp_path / "c.png", runs)).shape[:2] == (540, 1200)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (run_of("joint", 0, 0.9, num_tasks=5), "num_tasks: a has 2, joint has 5"),
        (run_of("joint", 0, 0.9, dataset="npz:x"), "dataset: a has .*, joint has 'npz:x'"),
        (run_of("a", 1, 0.9, budget_bytes=5000), "budget_bytes: a has 4000, a has 5000"),
        (run_of("a", 0, 0.9), r"a has 2 runs but seeds \[0, 0\]"),
    ],
)
def test_runs_that_are_not_equal_are_not_compared(tmp_path, other, message):
    runs = [run_of("a", 0, 0.5), other]
    with pytest.raises(ValueError, match=message):
        comparison_table(runs)
    with pytest.raises(ValueError, match=message):
        write_comparison(tmp_path / "c.png", runs)


def test_no_run_is_an_error():
    with pytest.raises(ValueError, match="at least 1 run, got 0"):
        comparison_table([])
