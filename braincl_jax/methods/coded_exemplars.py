"""What the methods share that replay exemplars as strings of an image codec."""

import dataclasses
import math
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


@settings()
class CodedExemplars(ReplayRaw):
    """Class-balanced random exemplars, each a string of one length: at the highest quality that the length allows.

    So the number of exemplars follows from the budget before any image is seen, as it does with raw ones, and images
    differ in quality rather than in bytes. What a string leaves unused of its bytes, as qualities are whole numbers, is
    lost. Images are coded and decoded once, on the host, when they are memorised; what is decoded is replayed from an
    array beside the strings, `decoded_cache` on the bill, which the budget does not pay for.

    Attributes:
        ratio: bytes of a raw image over those of its string, 1 or more. Strings that are too short for the codec are an
            error when the first image does not fit.
    """

    ratio: float = at_least(1, default=12.0)

    codec: ClassVar[str]

    @property
    def string_bytes(self) -> int:
        """n, of every string."""
        pixels, _ = image_bytes(self.parts.spec)
        return math.ceil(pixels / self.ratio)

    @property
    def capacity(self) -> int:
        spec = self.parts.spec
        _, beside = image_bytes(spec)
        budget = self.parts.plan.budget_bytes
        return exemplars_for(budget, spec, each=self.string_bytes + beside)

    def init(self, key: Array) -> PyTree:
        """{"strings": uint8 [S, n]}; zeros."""
        del key
        return {"strings": jnp.zeros((self.capacity, self.string_bytes), jnp.uint8)}

    def kept(self, state: BrainState) -> dict[str, PyTree]:
        """Nothing but the memory, of which the strings are."""
        del state
        return {}

    def bill(self, state: BrainState) -> dict[str, int]:
        rows = super().bill(state)
        return rows | {"strings": tree_bytes(state.own), "decoded_cache": rows["strings"]}

    def memorise(self, stream: TaskStream, places: ExemplarPlaces) -> Phase:
        raw = super().memorise(stream, places)

        def batch_at(task: int, step: int) -> Coded:
            return self.coded(cast(Batch, raw.batch_at(task, step)))

        return dataclasses.replace(raw, step=memorise_coded_step, batch_at=batch_at)

    def coded(self, batch: Batch) -> Coded:
        """A batch of raw images as strings, and decoded from them.

        Raises:
            ValueError: an image cannot be coded in `string_bytes`.
        """
        image = np.zeros(batch.image.shape, np.uint8)
        strings = np.zeros((len(image), self.string_bytes), np.uint8)
        for row in np.flatnonzero(np.asarray(batch.index) >= 0):
            try:
                string = encode(np.asarray(batch.image[row]), self.codec, self.string_bytes)
            except ValueError as error:
                raise ValueError(
                    f"method: ratio={self.ratio} is impossible: {error}; lower it"
                ) from error
            strings[row, : len(string)] = np.frombuffer(string, np.uint8)
            image[row] = decode(strings[row].tobytes(), image.shape[-1])
        return Coded(batch._replace(image=image), strings)  # pyright: ignore[reportArgumentType]
