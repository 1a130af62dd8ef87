"""What our memory recalls at so many bytes, and where its bits go."""

import dataclasses
import functools
import time
from collections import defaultdict
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from braincl_jax.build import build_parts, init_brain
from braincl_jax.config import Config
from braincl_jax.data import TaskStream
from braincl_jax.evaluate import psnr, recall_slots
from braincl_jax.memory import density, store, tables
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.cue_memory import CueMemory
from braincl_jax.methods import get_method
from braincl_jax.parts import Parts, recall
from braincl_jax.pipeline import phases
from braincl_jax.runtime.cursor import Cursor
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.loop import follow, require_even_batches
from braincl_jax.state import BrainState
from braincl_jax.types import PyTree
from experiments.benchmarks.image_codecs import mean_psnrs

CODEC_PHASES = ("start", "encode", "memorise", "refine", "transfer")


class Day(NamedTuple):
    """What a task leaves behind when its cues are transferred, for people to look at.

    Attributes:
        cues: int32 [N, h, w, M], rounded.
        codec: {"analysis", "synthesis", "density"}, float32.
    """

    cues: NDArray[np.int32]
    codec: PyTree


class Learned(NamedTuple):
    """A memory of all tasks.

    Attributes:
        parts: what it was made with.
        stream: the images.
        state: of one device, after the last transfer.
        days: of each task.
        sources: int32 [n, 2], task and image behind each slot.
        seconds: of each phase, compilation left out.
    """

    parts: Parts
    stream: TaskStream
    state: BrainState
    days: tuple[Day, ...]
    sources: NDArray[np.int32]
    seconds: dict[str, float]


def learn(config: Config, stream: TaskStream) -> Learned:
    """All tasks, but of each only what fills the memory: neither classifying nor replay."""
    devices = Devices(config.num_devices)
    require_even_batches(config, len(devices))
    parts = build_parts(config, stream.spec)
    state = devices.init(lambda key: init_brain(parts, key), jax.random.key(config.seed))
    todo = [
        (phase, devices.map_step(phase.step, parts))
        for phase in phases(get_method(config.method), stream, config)
        if phase.name in CODEC_PHASES
    ]
    days, seconds = [], defaultdict(float)
    sources = Cursor.first(stream.spec.num_tasks).outcome.sources
    for task in range(stream.spec.num_tasks):
        for phase, step in todo:
            if phase.name == "transfer":
                working = devices.first(state).memory.working
                cues = np.round(working.cues).astype(np.int32)
                days.append(Day(cues, jax.device_get(working.codec)))
            metrics = {}
            for index, batch in enumerate(phase.batches(task)):
                began = time.perf_counter()
                state, metrics = step(state, batch)
                # The first step of all is compiled first.
                if task or index:
                    seconds[phase.name] += time.perf_counter() - began
            if phase.name == "transfer":
                sources = follow(sources, np.asarray(devices.first(metrics)["origin"]), task)
    return Learned(parts, stream, devices.first(state), tuple(days), sources, dict(seconds))


def memory_of(learned: Learned) -> CueMemory:
    """The memory part."""
    assert isinstance(learned.parts.memory, CueMemory)
    return learned.parts.memory


def recall_psnr(learned: Learned) -> NDArray[np.float64]:
    """PSNR in dB of what each slot recalls against its image, both uint8: [n], in the order of slots."""
    compiled = jax.jit(functools.partial(recall, learned.parts.memory))
    values = []
    for task in range(learned.stream.spec.num_tasks):
        slots = np.flatnonzero(learned.sources[:, 0] == task)
        if len(slots):
            recalled = recall_slots(compiled, learned.state.memory, task, slots)
            original = learned.stream.train(task).image[learned.sources[slots, 1]]
            values.append(psnr(original, recalled))
    return np.concatenate(values)


def rate_point(learned: Learned) -> dict[str, Any]:
    """Bytes, all told, and what is recalled for them."""
    memory = memory_of(learned)
    bill = memory.bill(learned.state.memory)
    number = learned.stream.spec.num_images
    mean, of_mse = mean_psnrs(recall_psnr(learned))
    return {
        "tasks": learned.stream.spec.num_tasks,
        "bytes_per_image": sum(bill.values()) / number,
        "images": number,
        "stored": len(learned.sources),
        "psnr_db": mean,
        "psnr_of_mse_db": of_mse,
        "refine_epochs": learned.parts.config.codec.refine_epochs,
        "latent_channels": learned.parts.config.codec.latent_channels,
        "first_steps": learned.parts.config.codec.first_steps,
        "seconds": learned.seconds,
        "memory_bytes": bill,
    }


def decoder_point(config: Config, stream: TaskStream, **codec: Any) -> dict[str, Any]:
    """`rate_point` of the same bytes with other settings of the codec, which say how decoders are kept."""
    settings = dataclasses.replace(config.codec, **codec)
    learned = learn(dataclasses.replace(config, codec=settings), stream)
    return codec | {"seed": config.seed} | rate_point(learned)


def stored_letters(learned: Learned, task: int) -> tuple[tables.CodingTable, NDArray[np.int32]]:
    """A task's table, and the letters int32 [n, h, w, M] of its stored cues in the order of slots."""
    form = memory_of(learned).form
    record, _ = store.read_record(learned.state.memory.long_term, form, jnp.int32(task))
    image = learned.sources[learned.sources[:, 0] == task, 1]
    cues = jnp.asarray(learned.days[task].cues[image])
    return record.table, np.asarray(tables.to_letters(record.table, cues))


def letter_bits(frequency: NDArray[np.integer], letters: NDArray[np.integer]) -> NDArray:
    """Information of letters int [..., M] under frequencies [M, A], in bits, summed over all but the first axis."""
    share = np.maximum(frequency, 1) / frequency.sum(-1, keepdims=True)
    bits = -np.log2(share)[np.arange(letters.shape[-1]), letters]
    return bits.sum(axis=tuple(range(1, letters.ndim)))


def counted_table(letters: NDArray[np.integer], alphabet_size: int) -> NDArray[np.uint16]:
    """Integer frequencies [M, A] of the letters [n, h, w, M] themselves."""
    channels = letters.shape[-1]
    counts = np.zeros((channels, alphabet_size), np.int64)
    np.add.at(counts, (np.arange(channels), letters.reshape(-1, channels)), 1)
    counted = jnp.asarray(counts, jnp.float32)
    return np.asarray(tables.integer_frequencies(counted, counted > 0))


def where_bits_go(learned: Learned) -> dict[str, float]:
    """Bits of a stored cue under ever better tables, and what the coder adds: means over all stored cues.

    `string` is what is stored. `table` is the information content under the task's stored table, `density` under the
    trained density that the table was made from, `counted` under a table of the task's own letter frequencies, and
    `by_class` under one such table for each class.
    """
    form = memory_of(learned).form
    entries = store.read_entries(learned.state.memory.long_term, form)
    label = np.asarray(entries.label)
    alphabet = learned.parts.config.codec.alphabet_size
    sums = defaultdict(float, string=16.0 * float(entries.lengths.sum()))
    for task, day in enumerate(learned.days):
        table, letters = stored_letters(learned, task)
        labels = label[: len(learned.sources)][learned.sources[:, 0] == task]
        values = tables.to_cues(table.lowest, jnp.asarray(letters))
        sums["density"] += float(density.bits(day.codec["density"], values).sum())
        sums["table"] += letter_bits(np.asarray(table.frequency, int), letters).sum()
        sums["counted"] += letter_bits(counted_table(letters, alphabet), letters).sum()
        for one in np.unique(labels):
            members = letters[labels == one]
            sums["by_class"] += letter_bits(counted_table(members, alphabet), members).sum()
    number = len(learned.sources)
    return {name: float(value) / number for name, value in sums.items()}


def class_tables(learned: Learned, bits: dict[str, float]) -> dict[str, Any]:
    """Whether a table for each class, in place of one for each task, would pay: bytes per stored cue.

    Args:
        learned: the memory.
        bits: from `where_bits_go`.
    """
    form, number = memory_of(learned).form, len(learned.sources)
    more = len(
        np.unique(np.asarray(store.read_entries(learned.state.memory.long_term, form).label))
    )
    more -= learned.stream.spec.num_tasks
    saved = (bits["table"] - bits["by_class"]) / 8
    weight = more * tree_bytes(form.record.table) / number
    return {
        "saved_bytes_per_image": saved,
        "of_which_by_counting_alone": (bits["table"] - bits["counted"]) / 8,
        "tables_bytes_per_image": weight,
        "gain_bytes_per_image": saved - weight,
        "gain_percent_of_string": 100 * (saved - weight) / (bits["string"] / 8),
        "pays": saved > weight,
    }


def coder_loss(bits: dict[str, float]) -> dict[str, float]:
    """What the strings of one lane a cue weigh beyond their information content, from `where_bits_go`."""
    loss = {"string_bytes": bits["string"] / 8}
    for name in ("table", "density"):
        lost = (bits["string"] - bits[name]) / 8
        loss |= {
            f"{name}_bytes": bits[name] / 8,
            f"over_{name}_bytes": lost,
            f"over_{name}_percent": 100 * lost / (bits[name] / 8),
        }
    return loss


def peaked_frequencies(channels: int, alphabet_size: int, decay: float) -> NDArray[np.uint16]:
    """Tables [M, A] of two-sided geometric letters, some channels nearly silent: decays from 0 up to `decay` * 2."""
    distance = np.abs(np.arange(alphabet_size) - alphabet_size // 2)
    decays = np.linspace(0, 2 * decay, channels + 1)[1:, None]
    probability = jnp.asarray(decays**distance, jnp.float32)
    support = jnp.ones(probability.shape, bool)
    return np.asarray(tables.integer_frequencies(probability, support))


def large_cue_loss(
    latent_shape: tuple[int, int, int],
    *,
    lanes: int = 4,
    number: int = 16,
    alphabet_size: int = 32,
    decay: float = 0.05,
) -> dict[str, Any]:
    """Cues as large as those of 224x224 images, of letters drawn from their tables: what coding them adds.

    Args:
        latent_shape: (h, w, M).
        lanes: strings of a cue.
        number: of cues.
        alphabet_size: A.
        decay: of the letters' probabilities, on average over channels.
    """
    height, width, channels = latent_shape
    frequency = peaked_frequencies(channels, alphabet_size, decay)
    uniform = np.random.default_rng(0).integers(
        0, tables.TOTAL, (channels, number * height * width)
    )
    letters = np.stack(
        [
            np.searchsorted(np.cumsum(row), draws, side="right")
            for row, draws in zip(frequency, uniform, strict=True)
        ],
        -1,
    ).reshape(number, *latent_shape)
    table = tables.CodingTable(jnp.asarray(frequency), jnp.zeros(channels, jnp.int8))
    form = store.Format(
        latent_shape=latent_shape,
        lanes=lanes,
        num_classes=1000,
        num_tasks=1,
        num_slots=number,
        num_words=0,
        max_words=store.max_string_words(letters[0].size // lanes, letters[0].size / lanes / 16),
        record=store.Record(table, {}),
    )
    strings = jax.jit(lambda cues: store.encode_cues(table, cues, jnp.zeros(number, int), form))(
        jnp.asarray(letters, jnp.int32)
    )
    assert int(strings.lengths.max()) <= form.max_words
    information = letter_bits(frequency, letters).mean() / 8
    string_bytes = 2 * float(strings.lengths.sum()) / number
    with_index = string_bytes + 2 * form.entry_words
    return {
        "latent_shape": list(latent_shape),
        "lanes": lanes,
        "bits_per_letter": 8 * information / (height * width * channels),
        "table_bytes": information,
        "string_bytes": string_bytes,
        "overhead_percent": 100 * (string_bytes / information - 1),
        "overhead_with_index_percent": 100 * (with_index / information - 1),
    }
