"""Shared vocabulary: shape letters, the arrays that travel between parts, and the form of a step.

Shape letters used in every docstring:

    B batch    G groups in a replay batch    n cues in a group    N images of a task
    H W C image height, width, channels      h w M latent height, width, channels
    S slots of long-term memory    L lanes of a string    A symbols of a coding alphabet
    T tasks    K classes of the whole sequence    F features of the backbone    D devices
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp

Array = jax.Array
Metrics = Mapping[str, Array]
PyTree = Any


class Batch(NamedTuple):
    """Images of one task that arrive while awake.

    Attributes:
        image: uint8 [B, H, W, C], values 0..255.
        label: int32 [B], position of the class in the class order, 0..K-1.
        index: int32 [B], position of the image among its task's images, 0..N-1; -1 marks padding.
    """

    image: Array
    label: Array
    index: Array


class Recalled(NamedTuple):
    """What a memory recalls from `slots`.

    Attributes:
        image: uint8 [G, n, H, W, C].
        label: int32 [G, n].
        intact: bool [G, n]; False where a stored string failed its integrity check.
    """

    image: Array
    label: Array
    intact: Array


class Shown(NamedTuple):
    """What the network is shown asleep: recalled, varied images.

    Attributes:
        image: uint8 [B, H, W, C].
        label: int32 [B].
        task: int32 [B], whose memory it is from.
        slot: int32 [B], where in long-term memory it is from.
    """

    image: Array
    label: Array
    task: Array
    slot: Array


class Index(NamedTuple):
    """What a sampler may know of a memory.

    Attributes:
        label: int32 [S].
        task: int32 [S].
        stored: bool [S]; label and task of other slots mean nothing.
        class_loss: float32 [K], what each class's examples have lately cost a network that sleeps; None where nobody
            has asked it.
    """

    label: Array
    task: Array
    stored: Array
    class_loss: Array | None = None


class Draw(NamedTuple):
    """What a sampler wants to be replayed.

    Attributes:
        task: int32 [G].
        slot: int32 [G, n], each of its group's task.
        weight: float32 [G, n], of each slot's loss in the mean over the batch; about 1 on average.
    """

    task: Array
    slot: Array
    weight: Array


class StreamSpec(NamedTuple):
    """The static facts of a task stream that fix the shapes of the state.

    Attributes:
        image_shape: (H, W, C).
        num_classes: K, classes of the whole sequence.
        num_tasks: T.
        task_sizes: training images of each task, T numbers.
    """

    image_shape: tuple[int, int, int]
    num_classes: int
    num_tasks: int
    task_sizes: tuple[int, ...]

    @property
    def classes_per_task(self) -> int:
        return self.num_classes // self.num_tasks

    def are_of(self, task: jax.Array | int) -> jax.Array:
        """The classes of a task (int32 scalar): bool [K]."""
        return jnp.arange(self.num_classes) // self.classes_per_task == task

    @property
    def max_task_size(self) -> int:
        return max(self.task_sizes)

    @property
    def num_images(self) -> int:
        return sum(self.task_sizes)


class Now(NamedTuple):
    """The moment of a step: what it needs to know of where it stands.

    Attributes:
        phase_key: PRNG key of this phase of this task.
        step: int32 scalar, steps of the phase done before this one.
        rate: learning rate, float32 scalar; 0 in a phase without a schedule.
    """

    phase_key: Array
    step: Array
    rate: Array

    @property
    def key(self) -> Array:
        """PRNG key of this step."""
        return self.key_of(self.step)

    def key_of(self, step: Array) -> Array:
        """PRNG key of another step of the same phase and task."""
        return jax.random.fold_in(self.phase_key, step)


class Step(Protocol):
    """The one form of every wake and sleep step, once what is static is bound: pure, jittable, mappable over devices.

    With `axis_name=None` the step runs on one device. Otherwise it runs under a map over that axis:
    `state` is the same on every device, `batch` is this device's shard, gradients and statistics are
    averaged over the axis, and the new state is again the same on every device.

    A step does not name itself: key, learning rate, example count and progress are its phase's (`pipeline.Phase`).
    """

    def __call__(
        self, state: Any, batch: Any, now: Now, axis_name: str | None = None
    ) -> tuple[Any, Metrics]: ...
