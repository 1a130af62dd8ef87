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
import numpy as np

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
        image: uint8 [B, H', W', C], of the size that it sees.
        label: int32 [B].
        task: int32 [B], whose memory it is from.
        slot: int32 [B], where in long-term memory it is from; -1 of an image that came in from a data set.
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
            has asked it, or can: where images are drawn before their step, to be read from a data set.
    """

    label: Array
    task: Array
    stored: Array
    class_loss: Array | None = None


class Draw(NamedTuple):
    """What a sampler wants to be replayed.

    Attributes:
        task: int32 [G].
        slot: int32 [G, n], each of its group's task; -1 of an image that has come in from a data set.
        weight: float32 [G, n], of each slot's loss in the mean over the batch; about 1 on average.
    """

    task: Array
    slot: Array
    weight: Array


class Sample(NamedTuple):
    """What a step of replay is to show.

    Attributes:
        draw: the groups.
        read: what belongs to them, leaves [G, ...]: what the memory has read of itself (`parts.MemoryLayout.read`), or
            what has come in from a data set.
    """

    draw: Draw
    read: PyTree


class Coded(NamedTuple):
    """Images that an image codec has made strings of.

    Attributes:
        decoded: what the strings say, in place of the images.
        string: uint8 [B, n], zeros behind the end of a string.
        length: uint16 [B], of the strings.
    """

    decoded: Batch
    string: Array
    length: Array


# What a step gets: images of a task, as they are or coded, a sample that was drawn on the host, or nothing.
Incoming = Batch | Coded | Sample | None


class StreamSpec(NamedTuple):
    """The static facts of a task stream that fix the shapes of the state.

    Attributes:
        image_shape: (H, W, C).
        num_classes: K, classes of the whole sequence.
        num_tasks: T.
        task_sizes: training images of each task, T numbers.
        task_classes: the classes of each task, T tuples of labels 0..K-1 in their order. Every class is of a task, and
            may be of several.
    """

    image_shape: tuple[int, int, int]
    num_classes: int
    num_tasks: int
    task_sizes: tuple[int, ...]
    task_classes: tuple[tuple[int, ...], ...]

    @classmethod
    def of_equal_tasks(
        cls, image_shape: tuple[int, int, int], num_classes: int, task_sizes: tuple[int, ...]
    ) -> "StreamSpec":
        """Tasks with K / T classes each, every class of one task.

        Args:
            image_shape: (H, W, C).
            num_classes: K, a multiple of T.
            task_sizes: training images of each task, T numbers.
        """
        each = num_classes // len(task_sizes)
        classes = tuple(
            tuple(range(task * each, (task + 1) * each)) for task in range(len(task_sizes))
        )
        return cls(image_shape, num_classes, len(task_sizes), task_sizes, classes)

    @property
    def classes_recur(self) -> bool:
        """Whether some class is of several tasks, so that a label does not tell the task."""
        return sum(map(len, self.task_classes)) > self.num_classes

    def are_of(self, task: jax.Array | int) -> jax.Array:
        """The classes of a task (int32 scalar): bool [K]; none of a task that there is not."""
        label, owner = self._pairs()
        return jnp.zeros(self.num_classes, bool).at[label].max(owner == task)

    def tasks_of(self, label: jax.Array) -> jax.Array:
        """int32, the task of each label (int32, of any shape), where no class recurs; -1 of -1."""
        classes, owner = self._pairs()
        task_of_class = jnp.zeros(self.num_classes, jnp.int32).at[classes].set(owner)
        return jnp.where(label < 0, -1, task_of_class[label])

    def _pairs(self) -> tuple[jax.Array, jax.Array]:
        """Class and task, int32 [P] each, of the classes of all tasks."""
        sizes = [len(classes) for classes in self.task_classes]
        owner = np.repeat(np.arange(self.num_tasks, dtype=np.int32), sizes)
        return jnp.asarray(np.concatenate(self.task_classes), jnp.int32), jnp.asarray(owner)

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
