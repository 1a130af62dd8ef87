"""The sheet of recalls: pixels as they are, and bounds on how many."""

import re
import time
import tracemalloc

import numpy as np
import pytest
from matplotlib.image import imread

from braincl_jax.report.recalls import (
    LEFT,
    MOST_PIXELS,
    TOP,
    RecallSample,
    recall_figure,
    selection,
)
from braincl_jax.report.style import DPI


def recalls_of(num_tasks, channels, height=8, width=8, per_task=3):
    original = np.full((num_tasks, per_task, height, width, channels), 200, np.uint8)
    return RecallSample(original, original - np.uint8(50))


def labels(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_recalled_pixels_reach_the_plot_unchanged(tmp_path):
    recall_figure(recalls_of(1, 1)).savefig(tmp_path / "recalls.png")
    # Where no letters are.
    sheet = imread(tmp_path / "recalls.png")[round(TOP * DPI) :, round(LEFT * DPI) :, 0]
    levels = np.rint(255 * sheet).astype(int)
    # 3 images of 8 x 8 pixels, each pixel drawn as 12 x 12: 3 * 96 * 96 = 27,648 at either level.
    for level in [200, 150]:
        assert np.sum(levels == level) == 27_648


def test_the_first_task_is_above_and_originals_are_above_recalls(tmp_path):
    sample = recalls_of(2, 1)
    sample.original[1], sample.recalled[1] = 100, 50
    recall_figure(sample).savefig(tmp_path / "recalls.png")
    column = np.rint(255 * imread(tmp_path / "recalls.png")[:, 210, 0]).astype(int)
    levels = [level for level in column if level in (200, 150, 100, 50)]
    assert list(dict.fromkeys(levels)) == [200, 150, 100, 50]
    assert len(levels) == 4 * 96


def test_tasks_are_numbered_and_their_quality_is_said():
    figure = recall_figure(recalls_of(2, 3)._replace(tasks=[3, 7]))
    # 10 log10(255^2 / 50^2) = 14.15
    assert labels(figure) == [
        "task 3  original",
        "14.2 dB  recalled",
        "task 7  original",
        "14.2 dB  recalled",
    ]
    assert figure.axes[0].get_title("left") == "Originals and their recalls"


def test_labels_stand_at_the_middle_of_their_images():
    figure = recall_figure(recalls_of(2, 1))
    # Images of 8 rows, gaps of 2: a task has 2 * (8 + 2) + 2 * 2 = 24 rows.
    assert [float(place) for place in figure.axes[0].get_yticks()] == [4, 14, 28, 38]


def test_of_many_tasks_some_are_shown_from_the_first_to_the_last():
    figure = recall_figure(recalls_of(500, 1))
    assert labels(figure)[::2][0] == "task 0  original"
    assert labels(figure)[::2][-1] == "task 499  original"
    assert len(labels(figure)) == 40
    assert figure.axes[0].get_title("left").endswith(", 20 of 500 tasks")


def test_of_many_images_a_task_some_are_shown():
    assert selection(recalls_of(1, 1, per_task=1000)).original.shape == (1, 12, 8, 8, 1)


@pytest.mark.parametrize(
    ("num_tasks", "height", "width"), [(50, 500, 3), (50, 3, 500), (10, 700, 500), (1, 2, 2)]
)
def test_no_size_of_images_makes_a_large_sheet(tmp_path, pixels_of, num_tasks, height, width):
    sample, start = recalls_of(num_tasks, 3, height, width), time.process_time()
    tracemalloc.start()
    figure = recall_figure(sample)
    figure.savefig(tmp_path / "recalls.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pixels_of(figure) < 1.2 * MOST_PIXELS
    assert peak < 300e6
    assert time.process_time() - start < 20


def test_the_largest_sheet_is_bounded(pixels_of):
    # A view of one image: twelve of these for each of 100 tasks.
    original = np.broadcast_to(np.zeros((256, 256, 3), np.uint8), (100, 12, 256, 256, 3))
    figure = recall_figure(RecallSample(original, original))
    assert 0.8 * MOST_PIXELS < pixels_of(figure) < 1.1 * MOST_PIXELS
    assert len(labels(figure)) == 2 * 4


def test_what_is_left_out_of_a_large_image_is_said():
    figure = recall_figure(recalls_of(1, 1, 500, 3))
    assert figure.axes[0].get_title("left").endswith(", one pixel in 2 a side")


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 12])
def test_any_number_of_channels_is_drawn(tmp_path, channels):
    figure = recall_figure(recalls_of(1, channels))
    figure.savefig(tmp_path / "recalls.png")
    assert imread(tmp_path / "recalls.png")[..., :3].min() < 1  # not a white page


@pytest.mark.parametrize(
    "recalled", [np.zeros((1, 3, 8, 9, 1), np.uint8), np.zeros((2, 3, 8, 8, 1), np.uint8)]
)
def test_recalls_that_do_not_pair_up_are_an_error(recalled):
    sample = RecallSample(np.zeros((1, 3, 8, 8, 1), np.uint8), recalled)
    message = re.escape(f"got (1, 3, 8, 8, 1) and {recalled.shape}")
    with pytest.raises(ValueError, match=message):
        recall_figure(sample)


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (recalls_of(1, 1)._replace(original=np.zeros((1, 3, 8, 8, 1))), "uint8, got float64"),
        (recalls_of(0, 1), r"at least one pixel of one image, got \(0, 3"),
        (recalls_of(2, 1)._replace(tasks=[1]), "of 2 tasks, but 1 have a number"),
    ],
)
def test_what_is_not_a_sample_is_an_error(sample, message):
    with pytest.raises(ValueError, match=message):
        recall_figure(sample)
