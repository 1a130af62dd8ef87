"""Where the bits of a memory go: to its symbols, to what is lost in coding them, and what tables might still save."""

from collections import defaultdict
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from braincl_jax.memory import cue_strings
from braincl_jax.memory.block import store
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.codec import context, density
from braincl_jax.memory.coder import coding, tables
from braincl_jax.types import Array
from experiments.benchmarks.rate import Learned, memory_of, stored_letters

# Of the histogram that shows whether a table is right.
BINS = 16
# What `where_bits_go` finds, by its name in bytes.
BYTES = {f"{name}_bytes": name for name in ("string", "table", "density", "without_context")}


class Intervals(NamedTuple):
    """What the coder makes of a task's stored cues.

    Attributes:
        cues: int32 [n, h, w, M], in the order of slots.
        label: int32 [n].
        first: int32 [n, L, M, h * w / L], where each symbol begins in 0..4095, in the order of strings.
        frequency: as `first`.
    """

    cues: NDArray[np.int32]
    label: NDArray[np.int32]
    first: NDArray[np.int32]
    frequency: NDArray[np.int32]


def stored_cues(learned: Learned, task: int) -> Intervals:
    """What the coder made of a task's stored cues."""
    format = memory_of(learned).format
    table, symbols = stored_letters(learned, task)
    cues = tables.to_cues(table.lowest, jnp.asarray(symbols))
    first, frequency = (
        np.asarray(x).reshape(len(cues), format.lanes, format.latent_shape[-1], -1)
        for x in jax.jit(coding.intervals, static_argnums=2)(table, cues, format.lanes)
    )
    entries = store.read_entries(learned.state.memory.long_term, format)
    label = np.asarray(entries.label)[: len(learned.sources)][learned.sources[:, 0] == task]
    return Intervals(np.asarray(cues), label, first, frequency)


def counted_bits(cues: NDArray[np.integer]) -> float:
    """Information of cues [n, h, w, M] in bits, all told, if every channel's values are as likely as they are often."""
    bits = 0.0
    for channel in np.moveaxis(cues, -1, 0):
        counts = np.unique(channel, return_counts=True)[1]
        bits -= (counts * np.log2(counts / counts.sum())).sum()
    return bits


def where_bits_go(learned: Learned) -> dict[str, float]:
    """Bits of a stored cue, and those that it would take without losses and without context: means over stored cues.

    `string` is what is stored. `table` is the information under the task's stored table, and `density` under the
    trained density and context that the table was made from. `without_context` is the entropy of each channel's
    values: the best that a table for each channel could do which knows no neighbours.
    """
    format = memory_of(learned).format
    entries = store.read_entries(learned.state.memory.long_term, format)
    inform = jax.jit(context.information, static_argnames="lanes")
    sums = defaultdict(float, string=16.0 * float(entries.lengths.sum()))
    for task, day in enumerate(learned.days):
        coded = stored_cues(learned, task)
        values = coded.cues.astype(np.float32)
        foretold = inform(day.codec["density"], values, values, lanes=format.lanes)
        sums["density"] += np.asarray(foretold).sum(dtype=float)
        sums["table"] -= np.log2(coded.frequency / tables.TOTAL).sum()
        sums["without_context"] += counted_bits(coded.cues)
    number = len(learned.sources)
    return {name: float(value) / number for name, value in sums.items()}


def histogram(first: NDArray[np.integer], frequency: NDArray[np.integer]) -> NDArray[np.float64]:
    """How 0..4096 is made use of: the share of it in each of 16 equal bins, [16].

    Args:
        first: of intervals, [k].
        frequency: theirs, [k]; each is scale evenly over the bins that it covers.
    """
    edges = np.linspace(0, tables.TOTAL, BINS + 1)
    below = [np.clip((edge - first) / frequency, 0, 1).sum() for edge in edges]
    return np.diff(below) / len(first)


def recalibration_bits(first: NDArray[np.integer], frequency: NDArray[np.integer]) -> float:
    """Bits that tables fitted to these symbols [n, L, M, p] could save in place of the one that they are coded by.

    Under the right table, symbols fall evenly over 0..4096. Where a channel's do not, its cumulative function could be
    bent until they do, which saves the divergence of their histogram from an even one.
    """
    bits = 0.0
    for one, two in zip(first.swapaxes(0, 2), frequency.swapaxes(0, 2), strict=True):
        share = histogram(one.ravel(), two.ravel())
        share = share[share > 0]
        bits += one.size * (share * np.log2(share * BINS)).sum()
    return bits


def class_tables(learned: Learned, bits: dict[str, float]) -> dict[str, Any]:
    """Whether a table for each class, in place of one for each task, could pay: bytes per stored cue.

    What is saved is the most that there is, found on the very cues that the tables would be made for.

    Args:
        learned: the memory.
        bits: from `where_bits_go`.
    """
    number, tasks = len(learned.sources), learned.stream.spec.num_tasks
    by_task, by_class, classes = 0.0, 0.0, 0
    for task in range(tasks):
        coded = stored_cues(learned, task)
        by_task += recalibration_bits(coded.first, coded.frequency)
        for one in np.unique(coded.label):
            own = coded.label == one
            by_class += recalibration_bits(coded.first[own], coded.frequency[own])
            classes += 1
    saved = by_class / 8 / number
    weight = (classes - tasks) * tree_bytes(memory_of(learned).format.record.table) / number
    return {
        "saved_bytes_per_image": saved,
        "of_which_by_one_for_all_classes": by_task / 8 / number,
        "tables_bytes_per_image": weight,
        "gain_bytes_per_image": saved - weight,
        "gain_percent_of_string": 100 * (saved - weight) / (bits["string"] / 8),
        "pays": bool(saved > weight),
    }


def coder_loss(bits: dict[str, float]) -> dict[str, float]:
    """What strings weigh beyond their information content, and less than without context, from `where_bits_go`."""
    loss = {name: bits[key] / 8 for name, key in BYTES.items()}
    loss["context_saves_percent"] = 100 * (1 - bits["density"] / bits["without_context"])
    for name in ("table", "density"):
        lost = (bits["string"] - bits[name]) / 8
        loss |= {
            f"over_{name}_bytes": lost,
            f"over_{name}_percent": 100 * lost / (bits[name] / 8),
        }
    return loss


def peaked_table(channels: int, widest: float) -> tables.CodingTable:
    """Logistic symbols that no neighbour tells of, scales from hardly any up to `widest`."""
    params = {"cumulative": density.init(jax.random.key(0), channels)}
    params["context"] = context.init(channels)
    window = jnp.broadcast_to(jnp.array([-16, 15])[:, None, None, None], (2, 1, 1, channels))
    table = tables.build(params, window, jnp.ones(2, bool))
    base = jnp.linspace(1, context.UNIT * widest, channels).astype(jnp.uint8)
    nothing = jax.tree.map(jnp.zeros_like, table.weights)
    return table.replace(weights=nothing._replace(base=base))


def drawn_cues(table: tables.CodingTable, shape: tuple[int, ...]) -> Array:
    """Cues int32 [n, h, w, M] as likely as a table says whose neighbours tell nothing."""
    channel = jnp.broadcast_to(jnp.arange(shape[-1]), shape)
    scale = table.weights.base.astype(jnp.int32)[channel]
    rows = tables.rows_of(tables.channels_of(table, channel), jnp.zeros_like(scale), scale)
    slot = jax.random.randint(jax.random.key(0), shape, 0, tables.TOTAL)
    return tables.to_cues(
        table.lowest, tables.find(rows, slot, tables.search_rounds(table.size))[0]
    )


def large_cue_loss(
    latent_shape: tuple[int, int, int], *, lanes: int = 2, number: int = 16, widest: float = 0.4
) -> dict[str, Any]:
    """Cues as large as those of 224x224 images, as likely as their table says: what coding them adds.

    Args:
        latent_shape: (h, w, M).
        lanes: strings of a cue, a divisor of h.
        number: of cues.
        widest: scale of the channel with the largest latents.
    """
    table = peaked_table(latent_shape[-1], widest)
    cues = jax.jit(lambda: drawn_cues(table, (number, *latent_shape)))()
    size = cues[0].size
    format = store.Format(
        latent_shape=latent_shape,
        lanes=lanes,
        num_classes=1000,
        num_tasks=1,
        num_slots=number,
        num_words=0,
        max_words=store.max_string_words(size // lanes, size / lanes / 16),
        record=store.Record(table, {}),
    )
    label = jnp.zeros(number, int)
    strings = jax.jit(lambda cues: cue_strings.encode_cues(table, cues, label, format))(cues)
    assert int(strings.lengths.max()) <= format.max_words
    _, frequency = jax.jit(coding.intervals, static_argnums=2)(table, cues, lanes)
    information = -np.log2(np.asarray(frequency) / tables.TOTAL).sum() / 8 / number
    string_bytes = 2 * float(strings.lengths.sum()) / number
    with_index = string_bytes + 2 * format.entry_words
    return {
        "latent_shape": list(latent_shape),
        "lanes": lanes,
        "bits_per_letter": 8 * information / size,
        "table_bytes": information,
        "string_bytes": string_bytes,
        "overhead_percent": 100 * (string_bytes / information - 1),
        "overhead_with_index_percent": 100 * (with_index / information - 1),
    }
