"""What the methods share that replay exemplars as strings of an image codec."""

import dataclasses
import functools
import math
import threading
from typing import ClassVar, cast

import jax.numpy as jnp
import numpy as np

from braincl_jax.data import TaskStream
from braincl_jax.data.coded import decode, encode
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.exemplars import exemplars_for, image_bytes
from braincl_jax.memory.places import ExemplarPlaces
from braincl_jax.methods.replay_raw import ReplayRaw
from braincl_jax.pipeline import Phase
from braincl_jax.settings import at_least, settings
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Batch, Coded, PyTree
from braincl_jax.wake.memorise_coded import memorise_coded_step

# Bytes of the length of a string, and how much longer than their mean one may be.
LENGTH, LONGEST = np.dtype(np.uint16), 4


@settings()
class CodedExemplars(ReplayRaw):
    """Class-balanced random exemplars as strings, all of a class at one quality: the highest that there is room for.

    How many there are follows from the budget and from how long they are in the mean, before any image is seen. The
    first of a class stay longest; at each number that is to stay, they are not longer in the mean.

    Images are coded and decoded once, on the host, when they are memorised. What is decoded is replayed from an array
    beside the strings, and arrays have room for longer strings. Both are `caches`, which no bill has.

    Attributes:
        ratio: bytes of a raw image over the mean of its class's strings, 1 or more. Too large a ratio for the codec is
            an error when the first task arrives.
    """

    ratio: float = at_least(1, default=7.0)

    codec: ClassVar[str]

    @property
    def string_bytes(self) -> int:
        """n, of a string in the mean."""
        pixels, _ = image_bytes(self.parts.spec)
        return math.ceil(pixels / self.ratio)

    @property
    def longest(self) -> int:
        """Bytes that an array has room for, of each string."""
        return min(LONGEST * self.string_bytes, np.iinfo(LENGTH).max)

    @property
    def capacity(self) -> int:
        spec = self.parts.spec
        _, beside = image_bytes(spec)
        each = self.string_bytes + LENGTH.itemsize + beside
        return exemplars_for(self.parts.plan.budget_bytes, spec, each=each)

    def init(self, key: Array) -> PyTree:
        """{"strings": uint8 [S, 4 n], "lengths": uint16 [S]}; zeros."""
        del key
        return {
            "strings": jnp.zeros((self.capacity, self.longest), jnp.uint8),
            "lengths": jnp.zeros(self.capacity, LENGTH),
        }

    def kept(self, state: BrainState) -> dict[str, PyTree]:
        """Nothing but the memory, of which the strings are."""
        del state
        return {}

    def bill(self, state: BrainState) -> dict[str, int]:
        rows, own = super().bill(state), state.own
        index = rows["index"] + tree_bytes(own["lengths"])
        return rows | {"strings": _sum(own["lengths"]), "index": index}

    def caches(self, state: BrainState) -> dict[str, int]:
        images, own = state.memory.long_term.images, state.own
        padding = tree_bytes(own["strings"]) - _sum(own["lengths"])
        return {"decoded_cache": tree_bytes(images.image), "padding": padding}

    def memorise(self, stream: TaskStream, places: ExemplarPlaces) -> Phase:
        raw, turn = super().memorise(stream, places), threading.Lock()

        @functools.lru_cache(maxsize=1)
        def strings_of(task: int) -> dict[int, bytes]:
            return self.strings(stream, places, task)

        def batch_at(task: int, step: int) -> Coded:
            # Two threads read at once; one of them codes.
            with turn:
                strings = strings_of(task)
            return self.coded(cast(Batch, raw.batch_at(task, step)), strings)

        return dataclasses.replace(raw, step=memorise_coded_step, batch_at=batch_at)

    def strings(self, stream: TaskStream, places: ExemplarPlaces, task: int) -> dict[int, bytes]:
        """The strings of the exemplars that a task brings, by slot.

        Raises:
            ValueError: they are longer than `ratio` allows.
        """
        written, strings = places.written(task), {}
        position = self.chosen(stream, task, written)
        for label in np.unique(written.label).tolist():
            ranked, stay = written.label == label, places.kept(task, label)

            def fits(lengths: np.ndarray, stay: list[int] = stay) -> bool:
                sums = np.cumsum(lengths)
                within = all(sums[n - 1] <= n * self.string_bytes for n in stay if n)
                return within and lengths.max() <= self.longest

            images = stream.train_images(task, position[ranked])
            try:
                coded = encode([*images], self.codec, fits)
            except ValueError as error:
                raise ValueError(
                    f"method: ratio={self.ratio} is impossible: {error}; lower it"
                ) from error
            strings |= zip(written.slot[ranked].tolist(), coded, strict=True)
        return strings

    def coded(self, batch: Batch, strings: dict[int, bytes]) -> Coded:
        """A batch with what strings, by slot, say in place of its images."""
        image = np.zeros(batch.image.shape, np.uint8)
        padded = np.zeros((len(image), self.longest), np.uint8)
        lengths = np.zeros(len(image), LENGTH)
        for row, slot in enumerate(np.asarray(batch.index).tolist()):
            if slot >= 0:
                string = strings[slot]
                padded[row, : len(string)] = np.frombuffer(string, np.uint8)
                lengths[row] = len(string)
                image[row] = decode(string, self.codec, self.parts.spec.image_shape)
        return Coded(batch._replace(image=image), padded, lengths)  # pyright: ignore[reportArgumentType]


def _sum(lengths: Array) -> int:
    """Of any number of strings: 32 bits are too few for the largest budgets."""
    return int(np.asarray(lengths).sum(dtype=np.int64))
