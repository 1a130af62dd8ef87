"""What a stream consists of, as one short text: the same for the same images and labels, wherever they lie."""

import functools
import hashlib

import numpy as np

from braincl_jax.data.stream import TaskStream

# Of training images, and of test images, pixels of at most so many bytes are read. CIFAR-100 is read whole.
MOST_BYTES = 2**28
# Images that are read together.
CHUNK = 256


# A stream is asked for again when several runs share it; it is kept alive by that.
@functools.lru_cache(maxsize=2)
def fingerprint(stream: TaskStream, most_bytes: int = MOST_BYTES) -> str:
    """SHA-256, in hex, of all labels of a stream and of the pixels of its images, task after task.

    The rows of unreadable images that are left out count too, where there are any.

    Where images have more than `most_bytes`, evenly spaced ones stand for all of them, at least one a task: another
    data set is found out, and so is another split or order of this one; a change in a few images of very many is not.
    """
    digest = hashlib.sha256()
    num_tasks, one = stream.spec.num_tasks, int(np.prod(stream.spec.image_shape))
    for images_of, labels_of in (
        (stream.train_images, stream.train_labels),
        (stream.test_images, stream.test_labels),
    ):
        for task in range(num_tasks):
            labels = labels_of(task)
            digest.update(f"{len(labels)} ".encode())
            digest.update(labels.astype("<i8").tobytes())
            number = min(len(labels), max(1, most_bytes // (num_tasks * one)))
            positions = np.linspace(0, len(labels) - 1, number).astype(np.int64)
            for first in range(0, number, CHUNK):
                digest.update(images_of(task, positions[first : first + CHUNK]).tobytes())
    if any(stream.left_out):
        digest.update(f"{tuple(stream.left_out)}".encode())
    return digest.hexdigest()
