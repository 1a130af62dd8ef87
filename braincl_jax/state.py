"""The one pytree: everything that changes while a brain learns, and nothing else."""

import zlib
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from braincl_jax.types import Array, PyTree

PHASES = ("start", "encode", "memorise", "refine", "classify", "transfer", "replay")


class Encoder(struct.PyTreeNode):
    """The neocortex: what is evaluated.

    Attributes:
        params: {"backbone": ..., "head": ...}, float32.
        batch_stats: running BatchNorm statistics of the backbone, float32.
        wake_opt: optimiser state over the head alone.
        sleep_opt: optimiser state over all of `params`.
    """

    params: PyTree
    batch_stats: PyTree
    wake_opt: PyTree
    sleep_opt: PyTree


class Memory(struct.PyTreeNode):
    """What is kept of the images seen.

    Attributes:
        working: filled while awake, emptied by transfer; not part of the byte budget.
        long_term: arrays of fixed shape whose bytes are the budget spent.
        ahead: what has been read of long-term memory for the next steps of replay (`sleep.ahead`); it can be read again
            at any time, and checkpoints leave it out.
    """

    working: Any
    long_term: Any
    prefetched: Any = None


class Consolidation(struct.PyTreeNode):
    """Statistics that steer sleep and account for compute.

    Attributes:
        seen_classes: bool [K]; logits of unseen classes are masked.
        examples: int32 counters of training examples shown, by phase: encode, refine, classify, replay.
    """

    seen_classes: Array
    examples: dict[str, Array]


class Progress(struct.PyTreeNode):
    """Where in the sequence we are: all int32 scalars.

    Attributes:
        task: current task, -1 before the first.
        phase: position in `PHASES`.
        step: steps done in this phase of this task.
    """

    task: Array
    phase: Array
    step: Array

    def advance(self, phase: str) -> "Progress":
        """One more step of `phase`; the count starts again where the phase changes."""
        index = jnp.int32(PHASES.index(phase))
        return self.replace(phase=index, step=jnp.where(self.phase == index, self.step + 1, 1))

    def steps_done(self, phase: str) -> Array:
        """int32 scalar: steps of `phase` done before the one that runs now."""
        return jnp.where(self.phase == PHASES.index(phase), self.step, 0)


class BrainState(struct.PyTreeNode):
    """Encoder, memory and consolidation state, the place in the sequence, and the root key."""

    encoder: Encoder
    memory: Memory
    consolidation: Consolidation
    progress: Progress
    key: Array


def without_prefetched(state: BrainState) -> BrainState:
    """The state without what has been prefetched: all that a checkpoint needs."""
    return state.replace(memory=state.memory.replace(prefetched=None))


def named_key(key: Array, name: str, *indices: Array | int) -> Array:
    """A key that depends only on the root key, a name and integers: nothing to store, exact resume."""
    key = jax.random.fold_in(key, zlib.crc32(name.encode()))
    for index in indices:
        key = jax.random.fold_in(key, index)
    return key


def step_key(state: BrainState, phase: str) -> Array:
    """The key of the step of `phase` that runs now."""
    return named_key(state.key, phase, state.progress.task, state.progress.steps_done(phase))


def count_examples(consolidation: Consolidation, phase: str, number: Array | int) -> Consolidation:
    """Adds `number` to the examples shown in `phase`."""
    examples = dict(consolidation.examples)
    examples[phase] = examples[phase] + jnp.int32(number)
    return consolidation.replace(examples=examples)
