"""Some test images, for who needs more of an image than one answer: evenly spread, the same ones every time."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from braincl_jax.data.stream import TaskStream
from braincl_jax.spread import spread


@dataclass(frozen=True, eq=False)
class Subset:
    """Some test images of a stream; implements `Images`.

    Attributes:
        stream: the stream.
        task: int64 [n].
        position: int64 [n], of each among its task's test images.
    """

    stream: TaskStream
    task: NDArray[np.int64] = field(repr=False)
    position: NDArray[np.int64] = field(repr=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.stream.spec.image_shape

    @property
    def label(self) -> NDArray[np.int32]:
        """int32 [n]."""
        label = np.empty(len(self), np.int32)
        for task in np.unique(self.task).tolist():
            own = self.task == task
            label[own] = self.stream.test_labels(task)[self.position[own]]
        return label

    def __len__(self) -> int:
        return len(self.task)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        images = np.empty((len(rows), *self.shape), np.uint8)
        for task in np.unique(self.task[rows]).tolist():
            own = self.task[rows] == task
            images[own] = self.stream.test_images(task, self.position[rows][own])
        return images


def subset_of(stream: TaskStream, last_task: int, most: int) -> Subset:
    """At most `most` test images of the tasks 0..last_task, each image of a set that tasks share once.

    They are spread evenly over all of them, task after task, in the order of the source.
    """
    tasks = sorted({stream.tested_as(task) for task in range(last_task + 1)})
    sizes = np.array([stream.test_sizes[task] for task in tasks])
    ends = np.cumsum(sizes)
    chosen = spread(int(ends[-1]), most)
    which = np.searchsorted(ends, chosen, side="right")
    return Subset(stream, np.array(tasks)[which], chosen - (ends - sizes)[which])
