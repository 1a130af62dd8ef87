"""Fingerprint: traces that are put on recalled images by hand are found, and nothing is where there are none."""

import types
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.evaluators import Fingerprint
from braincl_jax.evaluators import fingerprint as module
from braincl_jax.types import Recalled

TASKS, PER_TASK, SIDE = 2, 150, 8
# Of all tasks alike: noise.
REAL = np.random.default_rng(0).integers(60, 220, (TASKS, PER_TASK, SIDE, SIDE, 1), np.uint8)
SOURCES = np.stack([np.repeat(np.arange(TASKS), PER_TASK), np.tile(np.arange(PER_TASK), TASKS)], 1)
STREAM: Any = types.SimpleNamespace(train_images=lambda task, rows: REAL[task][rows])


class Layout:
    """Recalls the right images with a trace: some columns of a task's images are darker."""

    def __init__(self, depths: tuple[int, int]) -> None:
        traces = np.zeros(REAL.shape, np.uint8)
        for task, depth in enumerate(depths):
            traces[task, :, :, ::2] = depth
        self.images = jnp.asarray((REAL - traces).reshape(-1, SIDE, SIDE, 1))

    def read(self, memory, task, slot):
        pass

    def complete(self, memory, task, slot, read) -> Recalled:
        return Recalled(self.images[slot], slot, jnp.ones(slot.shape, bool))


def figures(depths: tuple[int, int], **settings):
    exam: Any = types.SimpleNamespace(
        notes={"sources": SOURCES},
        method=types.SimpleNamespace(
            layout=Layout(depths),
            parts=types.SimpleNamespace(config=types.SimpleNamespace(seed=0)),
        ),
        stream=STREAM,
        fetch=lambda: types.SimpleNamespace(memory=jnp.zeros(1)),
    )
    return Fingerprint(**settings).run(exam)


def test_a_trace_of_ones_own_tells_the_task_of_recalled_images_only():
    found = figures((0, 60))
    assert found["task"] > 0.95
    assert found["task_real"] == pytest.approx(0.5, abs=0.1)
    # Half of the recalled images are as the real ones.
    assert found["recalled"] == pytest.approx(0.75, abs=0.1)


def test_one_trace_for_all_tells_recalled_from_real_and_nothing_of_the_task():
    found = figures((60, 60))
    assert found["recalled"] > 0.95
    assert found["task"] == pytest.approx(0.5, abs=0.12)


def test_without_a_trace_there_is_nothing_to_tell():
    assert figures((0, 0))["recalled"] == pytest.approx(0.5, abs=0.02)


def test_a_method_that_notes_no_sources_has_no_figures():
    exam: Any = types.SimpleNamespace(notes={})
    found = Fingerprint().run(exam)
    assert found == {"recalled": None, "task": None, "task_real": None}
    stream: Any = None
    assert Fingerprint().summarise({4: found}, stream) == {
        "fingerprint_recalled": None,
        "fingerprint_task": None,
        "fingerprint_task_real": None,
    }


def test_no_more_images_are_looked_at_than_are_asked_for_and_no_image_twice():
    some = module.chosen(np.arange(100, 200), 30, 0)
    assert len(set(some.tolist())) == 30 and set(some.tolist()) <= set(range(100, 200))
    assert len(module.chosen(np.arange(5), 1, 0)) == 2
    assert len(module.chosen(np.arange(5), 30, 0)) == 5


def test_of_large_images_the_middle_is_looked_at():
    image = np.arange(70 * 100, dtype=np.uint32).reshape(1, 70, 100, 1).astype(np.uint8)
    np.testing.assert_array_equal(module.middle(image), image[:, 3:67, 18:82])
    np.testing.assert_array_equal(module.middle(image[:, :10, :10]), image[:, :10, :10])
