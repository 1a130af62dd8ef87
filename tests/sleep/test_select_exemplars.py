"""Which raw images stay when sleep begins."""

import types
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from braincl_jax.memory.exemplars import ExemplarLayout, Images
from braincl_jax.memory.working import EMPTY
from braincl_jax.sleep.select_exemplars import select_exemplars_step
from braincl_jax.state import Encoder
from braincl_jax.types import Now, StreamSpec

SPEC = StreamSpec.of_equal_tasks((1, 1, 1), num_classes=4, task_sizes=(6, 6))
SLEEP = types.SimpleNamespace(downscaling=0.0)
PARTS: Any = types.SimpleNamespace(
    sleep_optimiser=optax.identity(), config=types.SimpleNamespace(sleep=SLEEP)
)


class Brain:
    def __init__(self, encoder, memory) -> None:
        self.encoder, self.memory = encoder, memory

    def replace(self, encoder=None, memory=None):
        return Brain(encoder or self.encoder, memory or self.memory)


def night(layout, labels, seed=0, tasks=None, memory=None):
    """A brain that has memorised images with these labels, of which the pixel is the place."""
    memory = memory or layout.init(jax.random.key(0))
    image = jnp.arange(len(labels), dtype=jnp.uint8).reshape(-1, 1, 1, 1)
    task = None if tasks is None else jnp.array(tasks)
    memory = memory.replace(working=Images(image, jnp.array(labels), task))
    state: Any = Brain(Encoder({}, {}, None, None), memory)
    now = Now(jax.random.key(seed), jnp.int32(0), jnp.float32(0))
    return select_exemplars_step(state, None, now, parts=PARTS, layout=layout)


@pytest.mark.parametrize(("capacity", "expected"), [(4, [2, 2]), (5, [3, 2]), (6, [4, 2])])
def test_classes_stay_equally_often_as_far_as_there_are_images(capacity, expected):
    labels = [0, 0, 1, 0, 1, 0]
    state, metrics = night(ExemplarLayout(SPEC, capacity, keeps_task=False), labels)
    stored = state.memory.long_term
    assert int(metrics["stored"]) == int(stored.count) == capacity
    assert np.bincount(stored.images.label).tolist() == expected
    # Each with its own label, none twice.
    pixels = stored.images.image.ravel().tolist()
    assert len(set(pixels)) == capacity
    assert stored.images.label.tolist() == [labels[pixel] for pixel in pixels]


def test_free_places_of_working_memory_are_no_candidates():
    labels = [EMPTY, 1, EMPTY, 0, EMPTY, EMPTY]
    state, metrics = night(ExemplarLayout(SPEC, 4, keeps_task=False), labels)
    assert int(metrics["stored"]) == 2
    assert set(state.memory.long_term.images.image.ravel()[:2].tolist()) == {1, 3}


@pytest.mark.parametrize("keeps_task", [False, True])
def test_the_task_is_forgotten_unless_the_method_keeps_it(keeps_task):
    labels = [0, 0, 1, 0, 1, 0]
    state, _ = night(ExemplarLayout(SPEC, 4, keeps_task), labels)
    assert state.memory.working.label.tolist() == (labels if keeps_task else [EMPTY] * 6)


def test_the_key_decides_who_stays():
    layout = ExemplarLayout(SPEC, 4, keeps_task=False)
    kept = [
        frozenset(
            night(layout, [0, 0, 1, 0, 1, 0], seed)[0]
            .memory.long_term.images.image.ravel()
            .tolist()
        )
        for seed in range(8)
    ]
    assert len(set(kept)) > 1
    assert kept[0] == frozenset(
        night(layout, [0, 0, 1, 0, 1, 0], 0)[0].memory.long_term.images.image.ravel().tolist()
    )


def test_a_class_that_recurs_keeps_equally_many_images_of_each_of_its_tasks():
    spec = StreamSpec((1, 1, 1), 2, 3, (12, 12, 12), ((0, 1),) * 3)
    layout, memory = ExemplarLayout(spec, 12, keeps_task=True), None
    for task, each in enumerate((6, 3, 2)):
        state, _ = night(layout, [0, 1] * 6, tasks=[task] * 12, memory=memory)
        memory = state.memory
        stored = memory.long_term.images
        pairs = np.bincount(np.asarray(stored.label) * 3 + np.asarray(stored.task), minlength=6)
        assert pairs.reshape(2, 3).tolist() == [[each] * (task + 1) + [0] * (2 - task)] * 2
        # Those of today are at hand as they came, and are not drawn from the exemplars too.
        index = layout.index(memory)
        assert int(index.stored.sum()) == 12 + 2 * each * task
        assert index.task[index.stored].tolist().count(task) == 12
