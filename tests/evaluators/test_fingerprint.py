"""Fingerprint: traces that are put on recalled images by hand are found, and nothing is where there are none."""

import types
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.evaluators import Fingerprint, recall_quality
from braincl_jax.evaluators import fingerprint as module
from braincl_jax.evaluators.probe import block_statistics
from braincl_jax.types import Recalled

TASKS, PER_TASK, SIDE = 2, 150, 8
# Of all tasks alike: noise.
REAL = np.random.default_rng(0).integers(60, 220, (TASKS, PER_TASK, SIDE, SIDE, 1), np.uint8)
SOURCES = np.stack([np.repeat(np.arange(TASKS), PER_TASK), np.tile(np.arange(PER_TASK), TASKS)], 1)
STREAM: Any = types.SimpleNamespace(
    train_images=lambda task, rows: REAL[task][rows],
    spec=types.SimpleNamespace(image_shape=REAL.shape[2:]),
)


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
    assert found["task_real"] == pytest.approx(0.5, abs=0.12)
    # Half of the recalled images are as the real ones.
    assert found["recalled"] == pytest.approx(0.75, abs=0.1)


def test_one_trace_for_all_tells_recalled_from_real_and_nothing_of_the_task():
    found = figures((60, 60))
    assert found["recalled"] > 0.95
    assert found["task"] == pytest.approx(found["task_real"], abs=0.12)


def test_without_a_trace_there_is_nothing_to_tell():
    found = figures((0, 0))
    assert found["recalled"] == 0.5  # each pair is told alike
    assert found["task"] == found["task_real"]


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


def test_no_more_images_are_looked_at_than_are_asked_for(monkeypatch):
    looked = []

    def recalled_and_real(exam, slots):
        looked.append(slots)
        yield exam.images[slots], exam.images[slots]

    monkeypatch.setattr(module, "recalled_and_real", recalled_and_real)
    exam: Any = types.SimpleNamespace(
        notes={"sources": SOURCES},
        method=types.SimpleNamespace(
            parts=types.SimpleNamespace(config=types.SimpleNamespace(seed=3))
        ),
        images=REAL.reshape(-1, SIDE, SIDE, 1),
    )
    Fingerprint(images=40).run(exam)
    assert [len(set(slots.tolist())) for slots in looked] == [20, 20]
    assert [set(SOURCES[slots, 0].tolist()) for slots in looked] == [{0}, {1}]
    Fingerprint(images=10_000).run(exam)
    assert [len(slots) for slots in looked[2:]] == [PER_TASK, PER_TASK]


def test_images_are_held_a_few_at_a_time_and_the_figures_are_the_same(monkeypatch):
    whole, events, size = figures((0, 60)), [], 50
    monkeypatch.setattr(recall_quality, "MOST_NUMBERS", size * SIDE * SIDE)

    def read(task, rows):
        events.append(("read", len(rows)))
        return REAL[task][rows]

    def counted(images):
        events.append(("seen", len(images)))
        return block_statistics(images)

    monkeypatch.setattr(STREAM, "train_images", read)
    monkeypatch.setattr(module.probe, "block_statistics", counted)
    assert figures((0, 60)) == pytest.approx(whole, abs=0.02)
    few = [("read", size), ("seen", size), ("seen", size)]
    assert events == few * (TASKS * PER_TASK // size)


def test_of_one_image_a_task_there_is_nothing_to_ask():
    features = block_statistics(REAL[:, 0])
    assert module.told(features, np.arange(TASKS), np.ones(TASKS, bool)) is None
