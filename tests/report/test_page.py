"""The report of one run: the files it writes and the numbers they hold."""

import json
import re

import matplotlib
import numpy as np
import pytest
from matplotlib.image import imread

from braincl_jax.report import page
from braincl_jax.report.page import RecallSample, accuracy_curve, write_report

PLOTS = ["accuracy_curve.png", "accuracy_matrix.png", "memory_bill.png"]
PARTS = {"strings": 2500, "index": 120, "labels": 30, "decoders": 980, "tables": 70}


def summary_of(matrix, **changes):
    return {
        "method": "braincl",
        "dataset": "embedded:fashion_mnist_mini",
        "seed": 3,
        "num_tasks": len(matrix),
        "accuracy_matrix": matrix,
        "final_accuracy": 0.6125,
        "average_incremental_accuracy": 0.75,
        "forgetting_chaudhry": 0.2,
        "backward_transfer_gem": -0.2,
        "memory_bytes": {**PARTS, "total": sum(PARTS.values())},
        "budget_bytes": 4000,
        "num_cues": 1234,
        "bits_per_pixel": 0.5,
        "recall_psnr_db": 24.25,
        "device": "cpu",
        **changes,
    }


TWO_TASKS = [[0.875, None], [0.675, 0.55]]


def recalls_of(num_tasks, channels, height=8, width=8):
    original = np.full((num_tasks, 3, height, width, channels), 200, np.uint8)
    return RecallSample(original, original - np.uint8(50))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("matrix", [[[0.5]], TWO_TASKS], ids=["one task", "two tasks"])
def test_every_plot_decodes_and_is_embedded_in_the_page(tmp_path, matrix, channels):
    page = write_report(tmp_path / "new", summary_of(matrix), recalls_of(len(matrix), channels))
    assert page == tmp_path / "new" / "report.md"
    for name in [*PLOTS, "recalls.png"]:
        height, width = imread(page.parent / name).shape[:2]
        assert 200 <= height <= 2000 and 400 <= width <= 2000
        assert f"]({name})" in page.read_text()


def test_a_method_that_recalls_nothing_gets_no_recall_plot(tmp_path):
    page = write_report(tmp_path, summary_of(TWO_TASKS, recall_psnr_db=None), None)
    assert sorted(path.name for path in tmp_path.iterdir()) == [*PLOTS, "report.md"]
    assert "recalls.png" not in page.read_text()
    assert "| PSNR of recalled images | n/a | dB |" in page.read_text()


def test_the_page_holds_the_numbers_of_the_summary(tmp_path):
    page = write_report(tmp_path, summary_of(TWO_TASKS, raw_train_bytes=47040), None).read_text()
    for line in [
        "# braincl on embedded:fashion_mnist_mini",
        "| final accuracy | 61.25 | % |",
        "| average incremental accuracy (iCaRL) | 75.00 | % |",
        "| forgetting (Chaudhry et al. 2018) | 20.00 | points |",
        "| backward transfer (GEM) | -20.00 | points |",
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


def test_a_bill_may_hold_only_its_total_even_zero(tmp_path):
    summary = summary_of(TWO_TASKS, memory_bytes={"total": 0}, budget_bytes=0)
    page = write_report(tmp_path, summary, None).read_text()
    assert "| **total** | 0 |" in page
    assert "strings" not in page and "raw |" not in page


def test_the_curve_weights_tasks_by_their_test_sizes_if_known():
    np.testing.assert_allclose(accuracy_curve(summary_of(TWO_TASKS)), [0.875, 0.6125])
    # (30 * .675 + 10 * .55) / 40 = 25.75 / 40
    weighted = summary_of(TWO_TASKS, test_sizes=[30, 10])
    np.testing.assert_allclose(accuracy_curve(weighted), [0.875, 0.64375])


def test_the_numbers_along_a_curve_have_room_however_many_tasks_there_are():
    for num_tasks, labels in ((1, 1), (11, 11), (50, 10)):
        curve = np.linspace(0.5, 0.9, num_tasks)
        texts = [text.get_text() for text in page._curve_figure(curve).axes[0].texts]
        assert (len(texts), texts[0]) == (labels, f"{100 * curve[-1]:.1f}")


def test_recalled_pixels_reach_the_plot_unchanged(tmp_path):
    write_report(tmp_path, summary_of([[0.5]]), recalls_of(1, 1))
    levels = np.rint(255 * imread(tmp_path / "recalls.png")[..., 0]).astype(int)
    # 3 images of 8 x 8 pixels, each pixel drawn as 12 x 12: 3 * 96 * 96 = 27,648 at either level.
    # The edges may share a row or a column of pixels with the paper.
    for level in [200, 150]:
        assert np.sum(levels == level) == pytest.approx(27_648, rel=0.05)


def test_a_report_is_the_same_after_a_round_trip_through_json(tmp_path):
    summary = summary_of(TWO_TASKS)
    with_nan = summary | {"accuracy_matrix": np.array([[0.875, np.nan], [0.675, 0.55]])}
    one = write_report(tmp_path / "one", json.loads(json.dumps(summary)), None)
    other = write_report(tmp_path / "other", with_nan, None)
    assert one.read_text() == other.read_text()


def test_a_report_leaves_the_settings_of_matplotlib_alone(tmp_path):
    before = dict(matplotlib.rcParams)
    write_report(tmp_path, summary_of(TWO_TASKS), recalls_of(2, 3))
    assert dict(matplotlib.rcParams) == before


def test_an_impossible_matrix_is_an_error_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"\[1, 0\].*nan"):
        write_report(tmp_path / "new", summary_of([[0.5, None], [None, 0.5]]), None)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "recalled", [np.zeros((1, 3, 8, 9, 1), np.uint8), np.zeros((2, 3, 8, 8, 1), np.uint8)]
)
def test_recalls_that_do_not_pair_up_are_an_error(tmp_path, recalled):
    sample = RecallSample(np.zeros((1, 3, 8, 8, 1), np.uint8), recalled)
    message = re.escape(f"got (1, 3, 8, 8, 1) and {recalled.shape}")
    with pytest.raises(ValueError, match=message):
        write_report(tmp_path, summary_of([[0.5]]), sample)
