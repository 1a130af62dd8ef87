"""The one pytree: everything that changes while a brain learns, and nothing else."""

import zlib
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from braincl_jax.types import Array, PyTree

# What examples are shown for; every phase counts as one of them, or as none.
EXAMPLE_KINDS = ("codec", "wake", "sleep")


class Encoder(struct.PyTreeNode):
    """The neocortex: what is evaluated.

    Attributes:
        params: {"backbone": ..., "head": ...}, float32.
        batch_stats: running BatchNorm statistics of the backbone, float32.
        wake_opt: optimiser state over the head alone.
        sleep_opt: optimiser state over all of `params`.
        slow: {"params", "batch_stats"}, an average of the fast ones over steps of replay; None where none is kept.
        morning: `heads` when the day began; None where nights begin with what the day has trained.
    """

    params: PyTree
    batch_stats: PyTree
    wake_opt: PyTree
    sleep_opt: PyTree
    slow: PyTree = None
    morning: PyTree = None

    @property
    def heads(self) -> tuple[PyTree, PyTree]:
        """That of the fast weights, and that of the slow ones, None where there are none."""
        return self.params["head"], None if self.slow is None else self.slow["params"]["head"]

    @property
    def evaluated(self) -> tuple[PyTree, PyTree]:
        """Parameters and BatchNorm statistics of the slow weights, if there are any, else of the fast ones."""
        if self.slow is None:
            return self.params, self.batch_stats
        return self.slow["params"], self.slow["batch_stats"]

    def with_head(self, head: PyTree) -> "Encoder":
        """The network with another head, that of slow weights too."""
        return self._with_heads(head, head)

    def as_in_the_morning(self) -> "Encoder":
        """The network without what the day has trained, where that does not last."""
        return self if self.morning is None else self._with_heads(*self.morning)

    def _with_heads(self, fast: PyTree, slow: PyTree) -> "Encoder":
        encoder = self.replace(params={**self.params, "head": fast})
        if self.slow is None:
            return encoder
        return encoder.replace(slow={**self.slow, "params": {**self.slow["params"], "head": slow}})


class Memory(struct.PyTreeNode):
    """What is kept of the images seen.

    Attributes:
        working: filled while awake, emptied by transfer; not part of the byte budget.
        long_term: arrays of fixed shape whose bytes are the budget spent.
        prefetched: what has been read of long-term memory for the next steps that recall (`prefetch`); it can be
            read again at any time, and checkpoints leave it out.
    """

    working: Any
    long_term: Any
    prefetched: Any = None


class Consolidation(struct.PyTreeNode):
    """What steers sleep, and what learning has cost.

    Attributes:
        seen_classes: bool [K]; logits of unseen classes are masked.
        class_loss: float32 [K], running mean of the loss of each class's replayed examples; a class that was never
            replayed has that of a guess.
        drawn_by: float32 [K], `class_loss` when the samples that are prefetched now were drawn.
        examples: uint32 counters of training examples shown, by `EXAMPLE_KINDS`.
    """

    seen_classes: Array
    class_loss: Array
    drawn_by: Array
    examples: dict[str, Array]

    @classmethod
    def initial(cls, num_classes: int) -> "Consolidation":
        """Nothing was seen and nothing replayed."""
        guess = jnp.full(num_classes, jnp.log(num_classes), jnp.float32)
        return cls(
            seen_classes=jnp.zeros(num_classes, bool),
            class_loss=guess,
            drawn_by=guess,
            examples={kind: jnp.uint32(0) for kind in EXAMPLE_KINDS},
        )

    def count(self, kind: str, number: Array | int) -> "Consolidation":
        """`number` more examples of a kind."""
        return self.replace(
            examples={**self.examples, kind: self.examples[kind] + jnp.uint32(number)}
        )


class Progress(struct.PyTreeNode):
    """Where in the sequence we are: scalars.

    Attributes:
        task: int32, current task, -1 before the first.
        phase: uint32, `phase_id` of the current phase.
        step: int32, steps done in this phase of this task.
    """

    task: Array
    phase: Array
    step: Array

    def advance(self, phase: str) -> "Progress":
        """One more step of `phase`; the count starts again where the phase changes."""
        return self.replace(phase=phase_id(phase), step=self.steps_done(phase) + 1)

    def steps_done(self, phase: str) -> Array:
        """int32 scalar: steps of `phase` done before the one that runs now."""
        return jnp.where(self.phase == phase_id(phase), self.step, 0)


class BrainState(struct.PyTreeNode):
    """All that changes.

    Attributes:
        encoder: the network.
        memory: working and long-term memory.
        consolidation: what steers sleep.
        own: what the method alone keeps, such as a teacher; None where it keeps nothing.
        progress: the place in the sequence.
        key: root PRNG key; every random number of the run is derived from it.
    """

    encoder: Encoder
    memory: Memory
    consolidation: Consolidation
    own: PyTree
    progress: Progress
    key: Array


def without_prefetched(state: BrainState) -> BrainState:
    """The state without what has been prefetched: all that a checkpoint needs."""
    return state.replace(memory=state.memory.replace(prefetched=None))


def phase_id(name: str) -> Array:
    """uint32 scalar that stands for a phase: it depends on the name alone, so phases may come and go beside it."""
    return jnp.uint32(zlib.crc32(name.encode()))


def named_key(key: Array, name: str, *indices: Array | int) -> Array:
    """A key that depends only on the root key, a name and integers: nothing to store, exact resume."""
    key = jax.random.fold_in(key, zlib.crc32(name.encode()))
    for index in indices:
        key = jax.random.fold_in(key, index)
    return key
