"""What all methods share: static parts, handed to steps and methods; nothing in it changes."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Protocol

import jax
import optax

from braincl_jax.config import Config
from braincl_jax.networks import Network
from braincl_jax.plan import Plan
from braincl_jax.state import BrainState, Memory
from braincl_jax.types import Array, Draw, Index, Metrics, PyTree, Recalled, Shown, StreamSpec

# (key, index, num_classes, num_groups, group_size) -> draw
Sampler = Callable[[Array, Index, int, int, int], Draw]
# (keys [B], images uint8 [B, H, W, C]) -> images uint8 [B, H', W', C], of the size that the network sees
Augment = Callable[[Array, Array], Array]


@dataclasses.dataclass(frozen=True, eq=False)
class Parts:
    """Everything that does not change, but for the memory, which is the method's.

    Attributes:
        config: the settings.
        plan: what follows from settings and data.
        network: the classifier.
        sampler: what is replayed.
        augment: how replayed images are varied, on the device.
        wake_optimiser, sleep_optimiser: optax transforms without learning rate.
    """

    config: Config
    plan: Plan
    network: Network
    sampler: Sampler
    augment: Augment
    wake_optimiser: optax.GradientTransformation
    sleep_optimiser: optax.GradientTransformation

    @property
    def spec(self) -> StreamSpec:
        """The static facts of the task stream."""
        return self.plan.spec


class MemoryLayout(Protocol):
    """How the memory of a method is laid out, indexed, recalled and billed. Methods are pure."""

    def init(self, key: Array) -> Memory:
        """An empty memory; nothing has been prefetched (`prefetched` is None)."""
        ...

    def open_working(self, memory: Memory, task: Array, key: Array) -> Memory:
        """Empties the working memory and makes it ready for `task` (int32 scalar)."""
        ...

    def index(self, memory: Memory) -> Index:
        """Label and task of every slot that can be replayed."""
        ...

    def read(self, memory: Memory, task: Array, slot: Array) -> PyTree:
        """What is best read for many slots at once, such as bit strings; leaves [G, ...], none where nothing is.

        Slots are int32 [G, n]; group g is of task `task[g]`.
        """
        ...

    def complete(self, memory: Memory, task: Array, slot: Array, read: PyTree) -> Recalled:
        """Images of slots int32 [G, n], with what `read` returned for them."""
        ...

    def bill(self, memory: Memory) -> dict[str, int]:
        """Bytes of the long-term memory by row: strings, index, labels, decoders, tables (and further ones)."""
        ...

    def num_stored(self, memory: Memory) -> int:
        """Cues or exemplars in long-term memory."""
        ...


class Learner(Protocol):
    """What a night needs to know of a method: see `methods.base.Method`."""

    @property
    def parts(self) -> Parts: ...

    @functools.cached_property
    def layout(self) -> MemoryLayout: ...

    def objective(
        self, params: PyTree, shown: Shown, state: BrainState, axis_name: str | None
    ) -> tuple[Array, tuple[PyTree, Metrics]]: ...

    def after_update(self, state: BrainState) -> BrainState: ...


def recall(layout: MemoryLayout, memory: Memory, task: Array, slot: Array) -> Recalled:
    """Images of slots int32 [G, n]; group g is of task `task[g]`."""
    return layout.complete(memory, task, slot, layout.read(memory, task, slot))


# For all who look at one memory: it is compiled once.
compiled_recall = jax.jit(recall, static_argnames="layout")
