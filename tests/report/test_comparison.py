"""The comparison of methods: hand-computed means, and runs that must not be compared."""

import pytest
from matplotlib.image import imread

from braincl_jax.report.comparison import comparison_table, write_comparison


@pytest.fixture
def run_of(summary_of):
    def make(method, seed, final, **changes):
        known = {"final_accuracy": final, "forgetting_chaudhry": 0.9 - final}
        known |= {"memory_bytes": {"total": 1000}, "bits_per_pixel": None}
        matrix = [[0.9, None], [final, final]]
        return summary_of(matrix, method=method, seed=seed, **known | changes)

    return make


@pytest.fixture
def runs(run_of):
    return [
        run_of("raw_replay", 0, 0.5, recall_psnr_db=None, memory_bytes={"total": 4000}),
        run_of("braincl", 0, 0.7, memory_bytes={"total": 2001}, num_cues=1500, recall_psnr_db=24.0),
        run_of("finetune", 0, 0.4, recall_psnr_db=None, num_cues=None, memory_bytes={"total": 0}),
        run_of(
            "braincl", 1, 0.74, memory_bytes={"total": 2003}, num_cues=1700, recall_psnr_db=None
        ),
        run_of("braincl", 2, 0.78, memory_bytes={"total": 2005}, num_cues=1300, recall_psnr_db=26),
    ]


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_line_holds_means_over_the_seeds_of_its_method(runs):
    table = [cells(line) for line in comparison_table(runs).splitlines()]
    assert dict(zip(table[0], table[3], strict=True)) == {
        "method": "braincl",
        "seeds": "3",
        # mean (70 + 74 + 78) / 3 = 74; sample deviation sqrt((16 + 0 + 16) / 2) = 4
        "final accuracy (%)": "74.00 ± 4.00",
        # (20 + 16 + 12) / 3
        "forgetting (points)": "16.00 ± 4.00",
        # the run without a PSNR does not count: (24 + 26) / 2, sqrt(1 + 1)
        "PSNR of recalled images (dB)": "25.00 ± 1.41 (n = 2)",
        "whole memory by stored image (bits per pixel)": "n/a",
        "memory (bytes)": "2,003",
        "cues or exemplars": "1,500",
        # (60 + 30) / 60
        "minutes": "1.5",
    }


def test_lines_come_in_order_of_first_appearance(runs):
    names = [cells(line)[0] for line in comparison_table(runs).splitlines()]
    assert names == ["method", ":--", "raw_replay", "braincl", "finetune"]


def test_one_seed_has_no_deviation_and_a_missing_measure_is_said_to_be_missing(runs):
    finetune = cells(comparison_table(runs).splitlines()[-1])
    assert finetune == ["finetune", "1", "40.00", "50.00", "n/a", "n/a", "0", "n/a", "1.5"]


def test_a_measure_that_one_method_declares_is_a_column_of_all(run_of):
    row = {"label": "marbles", "key": "marbles", "scale": 2, "unit": ""}
    runs = [run_of("a", 0, 0.5), run_of("b", 0, 0.5, marbles=3, rows=[row])]
    table = [cells(line) for line in comparison_table(runs).splitlines()]
    assert table[0][4] == "marbles"
    assert [line[4] for line in table[2:]] == ["n/a", "6.00"]


def test_a_run_of_which_little_is_known_has_a_line():
    known = {"method": "a", "dataset": "x", "seed": 0, "num_tasks": 1, "budget_bytes": 0}
    assert cells(comparison_table([known]).splitlines()[-1]) == ["a", "1", *["n/a"] * 5]


def test_the_page_shows_the_table_and_the_plot_and_its_folder_is_created(tmp_path, runs):
    page = write_comparison(tmp_path / "new", runs)
    assert page == tmp_path / "new" / "comparison.md"
    text = page.read_text()
    assert "# embedded:fashion_mnist_mini, 2 tasks" in text
    assert comparison_table(runs) in text
    assert "](comparison_curve.png)" in text
    assert imread(page.parent / "comparison_curve.png").shape[:2] == (540, 1200)
    drawn = ("accuracy_over_bytes.png", "comparison_curve.png")
    assert {path.name for path in page.parent.iterdir()} == {page.name, *drawn}


def test_a_figure_from_elsewhere_is_on_the_page_without_an_edit(tmp_path, run_of):
    runs = [run_of("a", 0, 0.5, marbles=3), run_of("b", 0, 0.5, marbles=4)]
    page = write_comparison(tmp_path, runs)
    assert "![marbles compared](marbles_compared.png)" in page.read_text()
    assert imread(tmp_path / "marbles_compared.png").shape[:2] == (450, 600)
    assert not (tmp_path / "marbles.png").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "joint", "num_tasks": 5}, "num_tasks: a has 2, joint has 5"),
        ({}, r"a has 2 runs but seeds \[0, 0\]"),
    ],
)
def test_runs_that_are_not_equal_are_not_compared(tmp_path, run_of, changes, message):
    runs = [run_of("a", 0, 0.5), run_of("a", 0, 0.5) | changes]
    with pytest.raises(ValueError, match=message):
        comparison_table(runs)
    with pytest.raises(ValueError, match=message):
        write_comparison(tmp_path / "new", runs)
    assert not (tmp_path / "new").exists()


def test_no_run_is_an_error():
    with pytest.raises(ValueError, match="at least 1 run, got 0"):
        comparison_table([])
