"""The report of one run: the files it writes and the numbers they hold."""

import json
import time

import matplotlib
import numpy as np
import pytest
from matplotlib.image import imread

from braincl_jax.report.page import RecallSample, write_report

PLOTS = ["accuracy_curve.png", "accuracy_matrix.png", "memory_bill.png"]
TWO_TASKS = [[0.875, None], [0.675, 0.55]]


def recalls_of(num_tasks, channels):
    original = np.full((num_tasks, 3, 8, 8, channels), 200, np.uint8)
    return RecallSample(original, original - np.uint8(50))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("matrix", [[[0.5]], TWO_TASKS], ids=["one task", "two tasks"])
def test_every_plot_decodes_and_is_embedded_in_the_page(tmp_path, summary_of, matrix, channels):
    page = write_report(tmp_path / "new", summary_of(matrix), recalls_of(len(matrix), channels))
    assert page == tmp_path / "new" / "report.md"
    for name in [*PLOTS, "recalls.png"]:
        height, width = imread(page.parent / name).shape[:2]
        assert 200 <= height <= 2000 and 400 <= width <= 2000
        assert f"]({name})" in page.read_text()


def test_a_method_that_recalls_nothing_gets_no_recall_plot(tmp_path, summary_of):
    page = write_report(tmp_path, summary_of(TWO_TASKS, recall_psnr_db=None), None)
    assert sorted(path.name for path in tmp_path.iterdir()) == [*PLOTS, "report.md"]
    assert "recalls.png" not in page.read_text()
    assert "| PSNR of recalled images | n/a | dB |" in page.read_text()


def test_the_page_holds_the_numbers_of_the_summary(tmp_path, summary_of):
    page = write_report(tmp_path, summary_of(TWO_TASKS, raw_train_bytes=47040), None).read_text()
    for line in [
        "# braincl on embedded:fashion_mnist_mini",
        "| final accuracy | 61.25 | % |",
        "| forgetting | 20.00 | points |",
        "| PSNR of recalled images | 24.25 | dB |",
        "| whole memory by stored image | 0.50 | bits per pixel |",
        "| after | task 0 | task 1 | all seen |",
        "| task 0 | 87.50 |  | 87.50 |",
        # (67.5 + 55) / 2 = 61.25
        "| task 1 | 67.50 | 55.00 | 61.25 |",
        "| strings | 2,500 |",
        "| decoders | 980 |",
        # 2500 + 120 + 30 + 980 + 70
        "| **total** | 3,700 |",
        "| budget | 4,000 |",
        "| all training images, raw | 47,040 |",
    ]:
        assert line in page.splitlines()
    assert "2 tasks, seed 3, budget 4,000 bytes, 1,234 cues or exemplars kept, device cpu." in page


def test_the_page_says_how_the_run_was_made_and_what_it_knows_of_classes(
    tmp_path, summary_of, classes_of, curves_of
):
    facts = {"command": "braincl run", "curves": curves_of(2), "image_shape": [28, 28, 1]}
    page = write_report(tmp_path, summary_of(TWO_TASKS, **classes_of(4), **facts), None).read_text()
    titles = [line for line in page.splitlines() if line.startswith("## ")]
    assert titles == [
        *("## Metrics", "## Accuracy (%): row after task, column images of task"),
        *("## Accuracy (%) by class", "## Long-term memory", "## Plots"),
        *("## How it was made", "## Seconds"),
    ]
    for name in ("class_accuracy", "confusion", "loss_curves", "codec_curves"):
        assert imread(tmp_path / f"{name}.png").shape[0] > 200
        assert f"]({name}.png)" in page


def test_a_measure_is_shown_because_the_summary_declares_it(tmp_path, summary_of):
    rows = [
        {"label": "marbles found", "key": "marbles", "scale": 0.5, "unit": "pairs"},
        {"label": "marbles lost", "key": "lost", "scale": 1, "unit": "pairs"},
    ]
    page = write_report(tmp_path, summary_of(TWO_TASKS, rows=rows, marbles=3), None).read_text()
    assert "| marbles found | 1.50 | pairs |\n| marbles lost | n/a | pairs |" in page


def test_a_figure_from_elsewhere_is_on_the_page_without_an_edit(tmp_path, summary_of):
    page = write_report(tmp_path, summary_of(TWO_TASKS, marbles=3), None)
    assert "![marbles](marbles.png)" in page.read_text()
    assert imread(tmp_path / "marbles.png").shape[:2] == (450, 600)


def test_a_summary_may_say_which_figures_it_wants(tmp_path, summary_of):
    write_report(tmp_path, summary_of(TWO_TASKS, figures=["memory_bill"]), None)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["memory_bill.png", "report.md"]


def test_a_summary_that_names_no_figure_wants_them_all(tmp_path, summary_of):
    write_report(tmp_path, summary_of(TWO_TASKS, figures=[]), None)
    assert sorted(path.name for path in tmp_path.iterdir()) == [*PLOTS, "report.md"]


def test_a_figure_that_fails_leaves_a_warning_and_the_page(tmp_path, summary_of, caplog):
    page = write_report(tmp_path, summary_of(TWO_TASKS, broken=True), None)
    assert sorted(path.name for path in tmp_path.iterdir()) == [*PLOTS, "report.md"]
    assert "broken was not drawn" in caplog.text
    assert "broken" not in page.read_text()


def test_a_bill_may_hold_only_its_total_even_zero(tmp_path, summary_of):
    summary = summary_of(TWO_TASKS, memory_bytes={"total": 0}, budget_bytes=0)
    page = write_report(tmp_path, summary, None).read_text()
    assert "| **total** | 0 |" in page
    assert "strings" not in page and "raw |" not in page


def test_a_run_without_accuracies_or_a_bill_has_a_page(tmp_path, summary_of):
    page = write_report(tmp_path, summary_of([], accuracy_matrix=None, memory_bytes=None), None)
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]
    assert "## Accuracy" not in page.read_text() and "## Long-term" not in page.read_text()


def test_five_hundred_tasks_make_a_page_of_their_own_size_in_seconds(
    tmp_path, summary_of, matrix_of
):
    summary, start = summary_of(matrix_of(500)), time.process_time()
    page = write_report(tmp_path, summary, recalls_of(500, 3)).read_text()
    assert time.process_time() - start < 20
    assert len(page) < 5_000
    assert "… and 440 more, in `summary.json`." in page
    # All but half of the images of task 0.
    assert "| task 499 | 100.00 | 99.90 |" in page
    assert sorted(path.name for path in tmp_path.glob("*.png")) == [*PLOTS, "recalls.png"]


def test_a_report_is_the_same_after_a_round_trip_through_json(tmp_path, summary_of):
    summary = summary_of(TWO_TASKS)
    with_nan = summary | {"accuracy_matrix": np.array([[0.875, np.nan], [0.675, 0.55]])}
    one = write_report(tmp_path / "one", json.loads(json.dumps(summary)), None)
    other = write_report(tmp_path / "other", with_nan, None)
    assert one.read_text() == other.read_text()


def test_a_report_leaves_the_settings_of_matplotlib_alone(tmp_path, summary_of):
    before = dict(matplotlib.rcParams)
    write_report(tmp_path, summary_of(TWO_TASKS), recalls_of(2, 3))
    assert dict(matplotlib.rcParams) == before


def test_an_impossible_matrix_is_an_error_before_anything_is_written(tmp_path, summary_of):
    with pytest.raises(ValueError, match=r"\[1, 0\].*nan"):
        write_report(tmp_path / "new", summary_of([[0.5, None], [None, 0.5]]), None)
    assert not (tmp_path / "new").exists()


def test_recalls_that_do_not_pair_up_are_an_error_before_anything_is_written(tmp_path, summary_of):
    one, other = recalls_of(1, 1).original, recalls_of(2, 1).recalled
    with pytest.raises(ValueError, match="need two"):
        write_report(tmp_path / "new", summary_of([[0.5]]), RecallSample(one, other))
    assert not (tmp_path / "new").exists()
