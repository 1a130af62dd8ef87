"""The swappable parts of a brain: static, hashable by identity, handed to every step as `parts`.

To try an idea, replace a part (`dataclasses.replace(parts, sampler=mine)`); steps and loop stay as they are.
"""

import dataclasses
from collections.abc import Callable
from typing import Protocol

import optax

from braincl_jax.config import Config
from braincl_jax.memory.codec.transforms import Codec
from braincl_jax.networks import Network
from braincl_jax.state import Memory, Progress
from braincl_jax.types import Array, Index, PyTree, Recalled, StreamSpec


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


def recall(part: MemoryLayout, memory: Memory, task: Array, slot: Array) -> Recalled:
    """Images of slots int32 [G, n]; group g is of task `task[g]`."""
    return part.complete(memory, task, slot, part.read(memory, task, slot))


# (key, index, num_classes, num_groups, group_size) -> task int32 [G], slot int32 [G, n]
Sampler = Callable[[Array, Index, int, int, int], tuple[Array, Array]]
# (keys [B], images uint8 [B, H, W, C]) -> images uint8 [B, H, W, C]
Augment = Callable[[Array, Array], Array]
# (images float32 [B, H, W, C] in [0, 1], recalled float32 of that shape) -> float32 [B]
Distortion = Callable[[Array, Array], Array]


@dataclasses.dataclass(frozen=True, eq=False)
class Parts:
    """Everything a step needs that does not change.

    Attributes:
        config: the settings.
        spec: the static facts of the task stream.
        network: the classifier.
        codec: pattern separation and completion.
        memory: layout of the memory.
        sampler: what is replayed.
        augment: on-device augmentation of replayed images.
        distortion: the recall error that the codec is trained for.
        codec_optimiser, wake_optimiser, sleep_optimiser: optax transforms without learning rate.
        codec_rate, wake_rate, sleep_rate: learning rates as functions of the progress.
    """

    config: Config
    spec: StreamSpec
    network: Network
    codec: Codec
    memory: MemoryLayout
    sampler: Sampler
    augment: Augment
    distortion: Distortion
    codec_optimiser: optax.GradientTransformation
    wake_optimiser: optax.GradientTransformation
    sleep_optimiser: optax.GradientTransformation
    codec_rate: Callable[[Progress], Array]
    wake_rate: Callable[[Progress], Array]
    sleep_rate: Callable[[Progress], Array]
