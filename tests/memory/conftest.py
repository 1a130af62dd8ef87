"""A workbench for blocks of long-term memory, and a checksum that shares no code with the package."""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.utils import murmurhash3_32

from braincl_jax.memory import cue_strings
from braincl_jax.memory.block import store, writing
from braincl_jax.memory.codec import context, density, quantise
from braincl_jax.memory.coder import rans, tables

LATENT = (2, 2, 3)


class Night(NamedTuple):
    """What a task hands over, drawn at random.

    Attributes:
        cues: int32 [N, h, w, M], about a value of the task's own.
        label: int32 [N].
        decoder: of the shapes of the format.
    """

    cues: np.ndarray
    label: np.ndarray
    decoder: Any


class Sight(NamedTuple):
    """All that can be read of a block.

    Attributes:
        cues: float32 [S, h, w, M].
        label: int32 [S].
        task: int32 [S], T where nothing is stored.
        stored: bool [S].
        intact: bool [S].
        decoder: of each task, leaves [T, ...].
    """

    cues: Any
    label: Any
    task: Any
    stored: Any
    intact: Any
    decoder: Any


@dataclasses.dataclass(frozen=True, eq=False)
class Workbench:
    """A format with the compiled functions that write and read its block.

    Attributes:
        format: the format.
        code: (cues, label) -> table and strings.
        rewrite: (memory, kept, added, label, count, record) -> the memory with what a task leaves, as in `writing`.
        read: memory -> `Sight`.
    """

    format: store.Format
    code: Callable
    rewrite: Callable
    read: Callable

    def empty(self) -> store.EpisodicMemory:
        return store.empty_memory(self.format)

    def draw(self, seed: int, number: int) -> Night:
        rng = np.random.default_rng(seed)
        cues = rng.integers(-6, 7, (number, *LATENT)) + rng.integers(-20, 21, LATENT[-1])
        label = rng.integers(0, self.format.num_classes, number, np.int32)
        decoder = jax.tree.map(
            lambda leaf: rng.integers(-100, 100, leaf.shape).astype(leaf.dtype),
            self.format.record.decoder | self.format.trunk.decoder,
        )
        return Night(cues.astype(np.int32), label, decoder)

    def remember(self, memory, night: Night, count: int, kept=None) -> store.EpisodicMemory:
        """Stores the first `count` cues of the next task, and of the slots those that are `kept`."""
        table, strings = self.code(night.cues, night.label)
        return self.rewrite(
            memory,
            kept=np.ones(self.format.num_slots, bool) if kept is None else np.asarray(kept),
            added=strings,
            label=night.label,
            count=np.int32(count),
            record=store.TaskRecord(table, night.decoder),
        )

    def look(self, memory) -> Sight:
        return jax.device_get(self.read(memory))


def random_params(seed: int, channels: int, moved: float = 0.3) -> Any:
    """{"cumulative", "context"} as a training might leave them: neighbours tell a good deal, all leaves are moved."""
    rng = np.random.default_rng(seed)

    def normal(scale: float, shape: tuple[int, ...]) -> jax.Array:
        return jnp.asarray(scale * rng.standard_normal(shape), jnp.float32)

    cumulative = density.init(jax.random.key(seed), channels)
    neighbours = context.init(channels)
    return {
        "cumulative": jax.tree.map(lambda leaf: leaf + normal(moved, leaf.shape), cumulative),
        "context": {
            "mean_own": normal(0.15, neighbours["mean_own"].shape),
            "mean_before": normal(0.1, neighbours["mean_before"].shape),
            "scale_own": normal(1, neighbours["scale_own"].shape) - 3,
            "scale_before": normal(1, neighbours["scale_before"].shape) - 5,
            "base": normal(1, neighbours["base"].shape) - 1,
        },
    }


@functools.partial(jax.jit, static_argnums=(1, 2, 3))
def draw_cues(params: Any, number: int, rows: int, width: int, key: Any) -> jax.Array:
    """Cues int32 [number, rows, width, M] as likely as the model says, latent after latent."""
    channels = len(params["context"]["base"])
    places = jnp.linspace(-64, 64, 2049)
    logits = density.cumulative_logits(
        params["cumulative"], jnp.broadcast_to(places[:, None], (len(places), channels))
    )
    weight = context.weights(params["context"])
    draws = jax.random.logistic(key, (channels * rows * width, number))

    def draw(index, cues):
        channel, place = jnp.divmod(index, rows * width)
        where = (slice(None), *jnp.divmod(place, width), channel)
        expected, scale = (one[where] / context.UNIT for one in context.expect(weight, cues))
        standard = jnp.interp(draws[index], logits[:, channel], places)
        return cues.at[where].set(jnp.round(expected + scale * standard))

    cues = jnp.zeros((number, rows, width, channels))
    return jax.lax.fori_loop(0, len(draws), draw, cues).astype(jnp.int32)


def make_workbench(format: store.Format) -> Workbench:
    params = random_params(1, LATENT[-1])

    def code(cues, label):
        table = tables.build(params, cues, jnp.ones(len(cues), bool))
        return table, cue_strings.encode_cues(table, cues, label, format)

    def read(memory) -> Sight:
        slots, tasks = jnp.arange(format.num_slots), jnp.arange(format.num_tasks)
        # Every slot with every task's table; of these, its own task's.
        found = cue_strings.read_cues(
            memory, format, tasks, jnp.broadcast_to(slots, (len(tasks), len(slots)))
        )
        decoder = jax.vmap(lambda task: store.read_record(memory, format, task)[0].decoder)(tasks)
        index = store.index(memory, format)
        own = jnp.minimum(index.task, format.num_tasks - 1)
        return Sight(
            found.cues[own, slots],
            index.label,
            index.task,
            index.stored,
            found.intact[own, slots],
            decoder,
        )

    return Workbench(format, jax.jit(code), jax.jit(rewriting(format)), jax.jit(read))


def rewriting(format: store.Format) -> Callable:
    """All that is written for a task, in the order in which transfer does it."""

    def rewrite(memory, *, kept, added, label, count, record):
        memory = writing.open_record(writing.compact(memory, format, kept), format, record)
        used = store.used_words(memory, format)
        return store.sealed(writing.append(memory, format, used, added, label, count)[0])

    return rewrite


@pytest.fixture(scope="session", name="random_params")
def random_params_fixture() -> Callable[..., Any]:
    """(seed, channels) -> parameters of a density and its context."""
    return random_params


@pytest.fixture(scope="session", name="rewriting")
def rewriting_fixture() -> Callable[[store.Format], Callable]:
    """A format -> what a workbench's `rewrite` compiles."""
    return rewriting


@pytest.fixture(scope="session", name="draw_cues")
def draw_cues_fixture() -> Callable[..., jax.Array]:
    """(params, number, rows, width, key) -> cues that the model may expect."""
    return draw_cues


@pytest.fixture(scope="session")
def workbench() -> Callable[..., Workbench]:
    """A workbench for cues of shape (2, 2, 3), by its format; the decoder is small unless it is given."""
    small = jax.eval_shape(
        lambda: quantise.quantise({"kernel": jnp.zeros((3, 5)), "bias": jnp.zeros(3)})
    )

    def make(decoder=small, lanes=1, **facts) -> Workbench:
        record = store.Part(jax.eval_shape(lambda: tables.init(LATENT[-1])), decoder)
        symbols = math.prod(LATENT) // lanes
        return make_workbench(
            store.Format(
                latent_shape=LATENT,
                lanes=lanes,
                max_words=rans.worst_case_words(symbols),
                record=record,
                **facts,
            )
        )

    return make


@functools.cache
def _odd_number(place: int) -> int:
    # Of no bytes at all, MurmurHash3 is the finaliser of its seed.
    return murmurhash3_32(b"", seed=place, positive=True) | 1


@pytest.fixture(scope="session")
def plain_checksum() -> Callable[[Any], int]:
    """The checksum in Python's integers."""

    def checksum(words) -> int:
        total = sum(
            (int(word) + 1) * _odd_number(place) for place, word in enumerate(words, start=1)
        )
        return total % 2**32

    return checksum
