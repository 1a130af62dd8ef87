"""Recall quality: each slot is compared with the image that it is of."""

import types
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.evaluators import RecallQuality
from braincl_jax.evaluators import recall_quality as module
from braincl_jax.memory.block.integrity import CorruptMemoryError
from braincl_jax.types import Recalled

# Task 0 has images of the grey levels 0, 10, .., 40, task 1 of 100, 110, .., 140.
LEVELS = np.array([[0, 10, 20, 30, 40], [100, 110, 120, 130, 140]])
# Task and image behind each of four slots.
SOURCES = np.array([[0, 4], [0, 0], [1, 2], [1, 3]], np.int32)


class Stream:
    spec = types.SimpleNamespace(image_shape=(2, 2, 1))

    def train_images(self, task: int, rows) -> np.ndarray:
        image = np.broadcast_to(LEVELS[task][:, None, None, None], (5, 2, 2, 1))
        return image[rows].astype(np.uint8)


class Layout:
    """Recalls the right images, a number of grey levels too bright in each slot."""

    def __init__(self, errors, intact=True) -> None:
        self.errors, self.intact = jnp.asarray(errors), intact

    def read(self, memory, task, slot):
        pass

    def complete(self, memory, task, slot, read) -> Recalled:
        level = jnp.asarray(LEVELS)[tuple(jnp.asarray(SOURCES).T)] + self.errors
        image = jnp.broadcast_to(level[slot][..., None, None, None], (*slot.shape, 2, 2, 1))
        return Recalled(image.astype(jnp.uint8), slot, jnp.full(slot.shape, self.intact))


def exam(layout, notes) -> Any:
    return types.SimpleNamespace(
        notes=notes,
        method=types.SimpleNamespace(layout=layout),
        stream=Stream(),
        fetch=lambda: types.SimpleNamespace(memory=jnp.zeros(1)),
    )


@pytest.mark.parametrize("chunk", [1, 512])
def test_psnr_is_the_mean_over_slots_each_against_its_own_image(chunk, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", chunk)
    figures = RecallQuality().run(exam(Layout([1, 2, 5, 51]), {"sources": SOURCES}))
    # 20 log10(255 / error), for errors of 1, 2, 5 and 51 levels: 48.13, 42.11, 34.15 and 13.98 dB.
    expected = np.mean(20 * np.log10(255 / np.array([1, 2, 5, 51])))
    assert figures["psnr_db"] == pytest.approx(expected, abs=1e-3)


def test_a_method_that_notes_no_sources_has_no_figure():
    assert RecallQuality().run(exam(None, {})) == {"psnr_db": None}


def test_a_damaged_string_is_an_error_and_no_figure():
    with pytest.raises(CorruptMemoryError):
        RecallQuality().run(exam(Layout([1, 1, 1, 1], intact=False), {"sources": SOURCES}))


def test_the_summary_has_the_figure_of_the_end():
    stream: Any = None
    assert RecallQuality().summarise({4: {"psnr_db": 21.5}}, stream) == {"recall_psnr_db": 21.5}
    assert RecallQuality.when == "at_end"
