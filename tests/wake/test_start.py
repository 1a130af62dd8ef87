"""Waking up: the next task, its classes, and a working memory that is ready."""

import types
from typing import Any

import jax
import jax.numpy as jnp
import optax

from braincl_jax.state import BrainState, Consolidation, Encoder, Memory, Progress
from braincl_jax.types import StreamSpec
from braincl_jax.wake import start_step

NOBODY: Any = None
# 3 tasks of 2 classes.
SPEC = StreamSpec.of_equal_tasks((2, 2, 1), num_classes=6, task_sizes=(4, 4, 4))
PARTS: Any = types.SimpleNamespace(spec=SPEC, wake_optimiser=optax.trace(0.9))


class Layout:
    def open_working(self, memory, task, key):
        return memory.replace(working={"opened for": task, "key": key})


def brain(task: int, seen) -> BrainState:
    head = {"kernel": jnp.ones((2, 6))}
    return BrainState(
        encoder=Encoder({"head": head, "backbone": {}}, {}, wake_opt="stale", sleep_opt="kept"),
        memory=Memory(working="closed", long_term="kept"),
        consolidation=Consolidation.initial(len(seen)).replace(seen_classes=jnp.array(seen)),
        own="kept",
        progress=Progress(jnp.int32(task), jnp.uint32(0), jnp.int32(5)),
        key=jax.random.key(1),
    )


def test_the_first_task_brings_its_classes_and_opens_working_memory():
    before = brain(-1, [False] * 6)
    layout: Any = Layout()
    state, metrics = start_step(before, None, NOBODY, parts=PARTS, layout=layout)
    assert metrics == {}
    assert int(state.progress.task) == int(state.memory.working["opened for"]) == 0
    assert state.memory.working["key"] is before.key
    assert state.consolidation.seen_classes.tolist() == [True, True, *[False] * 4]
    # The head's optimiser starts anew, from nought.
    assert not any(leaf.any() for leaf in jax.tree.leaves(state.encoder.wake_opt))
    assert jax.tree.leaves(state.encoder.wake_opt)[0].shape == (2, 6)


def test_later_tasks_add_theirs_and_leave_all_else_alone():
    layout: Any = Layout()
    before = brain(1, [True, False, True, True, False, False])
    state, _ = start_step(before, None, NOBODY, parts=PARTS, layout=layout)
    assert int(state.progress.task) == 2
    assert state.consolidation.seen_classes.tolist() == [True, False, True, True, True, True]
    assert state.encoder.sleep_opt == state.memory.long_term == state.own == "kept"
    assert state.encoder.params is before.encoder.params
