"""What our memory recalls at so many bytes."""

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
from braincl_jax.evaluators import psnr, recall_slots
from braincl_jax.memory.block import store
from braincl_jax.memory.coder import tables
from braincl_jax.memory.cue_layout import CueLayout
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


def memory_of(learned: Learned) -> CueLayout:
    """The memory part."""
    assert isinstance(learned.parts.memory, CueLayout)
    return learned.parts.memory


def recall_psnr(learned: Learned) -> NDArray[np.float64]:
    """PSNR in dB of what each slot recalls against its image, both uint8: [n], in the order of slots."""
    compiled = jax.jit(functools.partial(recall, learned.parts.memory))
    values = []
    for task in range(learned.stream.spec.num_tasks):
        slots = np.flatnonzero(learned.sources[:, 0] == task)
        if len(slots):
            recalled = recall_slots(compiled, learned.state.memory, task, slots)
            original = learned.stream.train_images(task, learned.sources[slots, 1])
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
    """A task's table, and the symbols int32 [n, h, w, M] of its stored cues in the order of slots."""
    format = memory_of(learned).format
    record, _ = store.read_record(learned.state.memory.long_term, format, jnp.int32(task))
    image = learned.sources[learned.sources[:, 0] == task, 1]
    cues = jnp.asarray(learned.days[task].cues[image])
    return record.table, np.asarray(tables.to_symbols(record.table, cues))
