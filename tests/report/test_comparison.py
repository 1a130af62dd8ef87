"""The comparison of methods: hand-computed means, and runs that must not be compared."""

import html
import json
from pathlib import Path

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


def page_of(path):
    return path.with_suffix(".html").read_text()


def table_below(page, heading):
    """The table after a heading of the Markdown page: cells by column, a line a row."""
    lines = page.read_text().partition(f"## {heading}\n\n")[2].partition("\n\n")[0].splitlines()
    header, _, *rows = map(cells, lines)
    return [dict(zip(header, row, strict=True)) for row in rows]


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
    names = ("accuracy_over_bytes", "comparison_curve", "plasticity_stability")
    drawn = {f"{name}.png" for name in names}
    written = {f"comparison.{kind}" for kind in ("md", "html", "csv", "json")}
    assert {path.name for path in page.parent.iterdir()} == drawn | written


def test_a_method_an_evaluator_and_a_figure_from_elsewhere_are_there_without_an_edit(
    tmp_path, run_of
):
    row = {"label": "marbles, counted", "key": "marbles", "scale": 2, "unit": "bags"}
    runs = [run_of("her own", 0, 0.5, marbles=3, rows=[row]), run_of("b", 0, 0.5, marbles=4)]
    page = write_comparison(tmp_path, runs)
    results, differences = (
        table_below(page, heading) for heading in ("Results", "Differences on equal seeds")
    )
    assert [(one["method"], one["marbles, counted (bags)"]) for one in results] == [
        *(("her own", "6.00"), ("b", "8.00"))
    ]
    assert [(one["difference"], one["marbles, counted (bags)"]) for one in differences] == [
        ("her own - b", "-2.00")
    ]
    assert '<td data-column="marbles, counted (bags)">6.00</td>' in page_of(page)
    assert "![marbles compared](marbles_compared.png)" in page.read_text()
    assert '<img alt="marbles compared" src="data:image/png;base64,' in page_of(page)
    assert imread(tmp_path / "marbles_compared.png").shape[:2] == (450, 600)
    assert not (tmp_path / "marbles.png").exists()


def test_the_page_in_html_has_the_same_tables(tmp_path, runs):
    page = write_comparison(tmp_path, runs)
    rows = [line for line in page.read_text().splitlines() if line.startswith("| ")]
    shown = {cell for row in rows for cell in cells(row)} - {":--", "--:"}
    written = page_of(page)
    assert len(shown) > 20
    assert [cell for cell in shown if f">{html.escape(cell)}<" not in written] == []


def test_differences_are_of_equal_seeds_with_their_interval(tmp_path, run_of):
    finals = {"a": (0.70, 0.74, 0.78), "b": (0.60, 0.62, 0.64), "c": (0.5,)}
    runs = [run_of(m, seed, x) for m, several in finals.items() for seed, x in enumerate(several)]
    table = table_below(write_comparison(tmp_path, runs), "Differences on equal seeds")
    assert [(row["difference"], row["seeds"]) for row in table] == [
        *(("a - b", "3"), ("a - c", "1"), ("b - c", "1")),
    ]
    # Differences 10, 12, 14: deviation 2; t of 2 degrees of freedom is 4.303 (published tables); 4.303 * 2 / sqrt(3).
    assert table[0]["final accuracy (%)"] == "+12.00 [+7.03, +16.97]"
    assert table[1]["final accuracy (%)"] == "+20.00"


def test_of_many_pairs_some_are_shown_and_all_are_in_the_table_for_machines(tmp_path, run_of):
    runs = [run_of(f"m{k}", 0, 0.5) for k in range(13)]
    page = write_comparison(tmp_path, runs)
    assert len(table_below(page, "Differences on equal seeds")) == 60
    assert "18 more pairs are in comparison.csv" in page.read_text()
    lines = page.with_suffix(".csv").read_text().splitlines()
    assert sum("final_accuracy" in line for line in lines) == 13 + 78


def test_accuracy_after_each_task(tmp_path, runs):
    table = table_below(
        write_comparison(tmp_path, runs), "Accuracy (%) over all classes seen, after each task"
    )
    assert table[1] == {"method": "braincl", "task 0": "90.0 ± 0.0", "task 1": "74.0 ± 4.0"}


def test_costs_stand_beside_those_of_joint_training(run_of):
    def compute(flops, peak):
        return {"flops": {"replay": flops}, "examples": {"replay": 100}, "peak_bytes": peak}

    runs = [
        run_of("braincl", 0, 0.5, compute=compute(3 * 10**12, {"replay": 10})),
        run_of(
            "joint", 0, 0.5, compute=compute(2 * 10**12, {"replay": 20}), wall_seconds={"a": 45}
        ),
        run_of("old", 0, 0.5),
    ]
    header, _, *rows = [cells(line) for line in comparison_table(runs).splitlines()]
    # Nobody tells updates.
    assert header[-4:] == [
        "minutes",
        "examples shown",
        "compute (TFLOP)",
        "peak of device memory (bytes)",
    ]
    assert [row[-4:] for row in rows] == [
        ["1.5 (2.00 x)", "100 (1.00 x)", "3.000 (1.50 x)", "10 (0.50 x)"],
        ["0.8", "100", "2.000", "20"],
        ["1.5 (2.00 x)", "n/a", "n/a", "n/a"],
    ]


def test_several_budgets_of_a_method_are_lines_and_have_an_area(tmp_path, run_of):
    runs = [
        run_of("a", seed, final, budget_bytes=budget)
        for budget, finals in {1000: (0.5, 0.6), 100: (0.3, 0.4)}.items()
        for seed, final in enumerate(finals)
    ]
    page = write_comparison(tmp_path, runs)
    assert [row["method"] for row in table_below(page, "Results")] == [
        *("a, 1,000 bytes", "a, 100 bytes")
    ]
    # Mean heights 40 and 50.
    assert table_below(page, "Accuracy over bytes") == [
        {
            **{"method": "a", "seeds": "2", "from (bytes)": "100", "to (bytes)": "1,000"},
            **{"budgets": "2", "area (%)": "45.00 ± 7.07"},
        }
    ]


RESULTS = Path(__file__).parents[2] / "experiments" / "results"


@pytest.mark.parametrize("name", ["quickstart", "cifar100_20_long", "ablations"])
def test_results_of_earlier_versions_are_shown(tmp_path, name):
    runs = json.loads((RESULTS / f"{name}.json").read_text())
    page = write_comparison(tmp_path, runs)
    assert [row["seed"] for row in table_below(page, "Runs")] == [str(run["seed"]) for run in runs]
    assert len(table_below(page, "Results")) == len({run["method"] for run in runs})
    # The earliest did not count operations.
    assert ("TFLOP" in page.read_text()) == any("compute" in run for run in runs)


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
