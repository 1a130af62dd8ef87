"""The picture of single recollections."""

import time

import numpy as np
import pytest
from matplotlib.image import imread

from braincl_jax.report.recollections import MOST_SHOWN, PER_ROW, Recollection, write_recollections


def recollections(number, shape=(8, 8, 1), original=True):
    image = np.full(shape, 200, np.uint8)
    known = (image, 20.0) if original else (None, None)
    return [Recollection(slot, 1, 4, 60, image, *known) for slot in range(number)]


@pytest.mark.parametrize(("number", "width", "height"), [(1, 195, 450), (13, 2010, 900)])
def test_recollections_stand_in_rows(tmp_path, number, width, height):
    path = write_recollections(tmp_path / "new" / "recall.png", recollections(number))
    assert imread(path).shape[:2] == (height, width)


def test_an_original_may_be_unknown(tmp_path):
    path = write_recollections(tmp_path / "recall.png", recollections(2, original=False))
    assert imread(path).min() < 1  # the recalls are drawn


def test_of_very_many_some_are_shown_and_that_is_said(tmp_path, caplog):
    start = time.process_time()
    path = write_recollections(tmp_path / "recall.png", recollections(1000, (500, 3, 2)))
    assert time.process_time() - start < 60
    assert imread(path).shape[0] == 450 * MOST_SHOWN // PER_ROW
    assert f"{MOST_SHOWN} of 1000 recollections" in caplog.text
