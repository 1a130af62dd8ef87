"""How fast cues are coded and decoded, and what share of a replay step that takes.

Whatever is compared is measured in turn, round after round, so that other work on the machine slows down all of it; a
ratio is the median of the ratios within the rounds.
"""

import dataclasses
import importlib
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax import collectives
from braincl_jax.baselines.decoded_cache import CachedCueLayout, CachedMemory
from braincl_jax.memory import cue_strings
from braincl_jax.memory.block import store
from braincl_jax.memory.block.integrity import integrity_tag
from braincl_jax.memory.coder import coding
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.parts import Parts
from braincl_jax.runtime.devices import Devices
from braincl_jax.sleep import nothing_prefetched, replay_step
from braincl_jax.state import BrainState
from braincl_jax.types import Array
from experiments.benchmarks.rate import Learned, memory_of, stored_letters

Rounds = list[dict[str, float]]


def in_turn(things: Mapping[str, Callable[[], Any]], rounds: int) -> Rounds:
    """Seconds that each thing takes, in rounds over all of them, after one round that is not counted."""

    def seconds(thing: Callable[[], Any]) -> float:
        began = time.perf_counter()
        jax.block_until_ready(thing())
        return time.perf_counter() - began

    measured = [{name: seconds(thing) for name, thing in things.items()} for _ in range(rounds + 1)]
    return measured[1:]


def median(rounds: Rounds, figure: Callable[[dict[str, float]], float]) -> float:
    """The median over rounds of a figure of each."""
    return statistics.median(map(figure, rounds))


def throughput(learned: Learned, *, rounds: int, number: int = 1024) -> dict[str, Any]:
    """Images and symbols per second, jitted on one device, and beside it a coder on the host.

    Args:
        learned: a memory whose first task is read.
        rounds: of measuring.
        number: cues of a batch, or as many as there are.
    """
    memory, state = memory_of(learned), learned.state.memory.long_term
    form, codec = memory.format, learned.parts.codec
    table, letters = stored_letters(learned, 0)
    letters = letters[:number]
    number = len(letters)
    task, slot = jnp.zeros(1, jnp.int32), jnp.arange(number)[None]
    image = jnp.asarray(learned.stream.train_images(0, learned.sources[:number, 1]))
    label = store.read_entries(state, form).label[:number]
    analysis = learned.days[0].codec["analysis"]

    @jax.jit
    def strings_to_cues(state: store.EpisodicMemory) -> Any:
        return cue_strings.read_cues(state, form, task, slot)

    @jax.jit
    def strings_to_images(state: store.EpisodicMemory) -> Any:
        return cue_strings.recall(state, form, task, slot, codec)

    @jax.jit
    def images_to_strings(image: Array) -> store.Strings:
        cues = jnp.round(codec.separate(analysis, image)).astype(jnp.int32)
        return cue_strings.encode_cues(table, cues, label, form)

    @jax.jit
    def cues_to_strings(cues: Array) -> store.Strings:
        return cue_strings.encode_cues(table, cues, label, form)

    cues = letters + np.asarray(table.lowest, np.int32)
    things: dict[str, Callable[[], Any]] = {
        "strings to cues": lambda: strings_to_cues(state),
        "strings to images": lambda: strings_to_images(state),
        "cues to strings": lambda: cues_to_strings(cues),
        "images to strings": lambda: images_to_strings(image),
    }
    host = host_decoders(letters)
    measured = in_turn(things | host, rounds)
    symbols = letters[0].size
    rates = {
        name: median(measured, lambda one, name=name: number / one[name]) for name in things | host
    }
    return {
        "batch": number,
        "symbols_per_image": symbols,
        "images_per_second": rates,
        "symbols_per_second": {name: symbols * rate for name, rate in rates.items()},
        "strings_to_cues_over_host": {
            name: median(measured, lambda one, name=name: one[name] / one["strings to cues"])
            for name in host
        },
    }


def host_decoders(
    letters: np.ndarray, report: Callable[[str], None] = print
) -> dict[str, Callable[[], Any]]:
    """The package constriction decoding the same letters, if it is installed.

    Its task is the easier one: a table for each channel, of the letters' own frequencies, and no context. Once with a
    string for each image, as we store them, and once with all images in a single string.

    Args:
        letters: int32 [n, h, w, M].
        report: gets a note if it is not.
    """
    try:
        stream: Any = vars(importlib.import_module("constriction"))["stream"]
    except ImportError:
        report("constriction is left out: pip install constriction brings it")
        return {}
    by_channel = letters.reshape(-1, letters.shape[-1]).T
    # One more of each letter: the package asks for at least two.
    counts = [1.0 + np.bincount(one, minlength=2) for one in by_channel]
    models = [
        stream.model.Categorical(one / one.sum(), perfect=False, lazy=False) for one in counts
    ]

    def encode(by_channel: np.ndarray) -> np.ndarray:
        coder = stream.stack.AnsCoder()
        for row, model in zip(by_channel[::-1], models[::-1], strict=True):
            coder.encode_reverse(np.ascontiguousarray(row, np.int32), model)
        return coder.get_compressed()

    def decode(strings: Sequence[np.ndarray], size: int) -> list[list[np.ndarray]]:
        decoded = []
        for string in strings:
            coder = stream.stack.AnsCoder(string)
            decoded.append([coder.decode(model, size) for model in models])
        return decoded

    channels = letters.shape[-1]
    own = letters.reshape(len(letters), -1, channels).transpose(0, 2, 1)
    together = letters.reshape(-1, channels).T
    strings, single = [encode(one) for one in own], [encode(together)]
    np.testing.assert_array_equal(decode(strings, own.shape[-1]), own)
    return {
        "constriction, a string each": lambda: decode(strings, own.shape[-1]),
        "constriction, one string": lambda: decode(single, together.shape[-1]),
    }


def decode_step(
    held: dict[str, Any], batch: None, *, parts: Parts, axis_name: str | None = None
) -> Array:
    """Decodes the strings of a few replay batches, and returns one number that needs all latents.

    `held` is from `replay_strings`.
    """
    assert isinstance(parts.memory, CueLayout)
    form = parts.memory.format
    own = collectives.own_slice({k: v for k, v in held.items() if k != "words"}, axis_name)
    groups, size = own["start"].shape
    start, length, tag = (own[name].reshape(-1) for name in ("start", "length", "tag"))
    strings = coding.Lanes(start, length, jnp.repeat(jnp.arange(groups), size), tag)
    height, width, _ = form.latent_shape
    latents, intact = coding.decode(
        held["words"], strings, own["table"], height // form.lanes, width
    )
    return latents.sum() + intact.sum()


def replay_strings(learned: Learned) -> dict[str, Any]:
    """The strings that are read together for a few replay batches, groups of one task each, all tasks in turn.

    Returns:
        `words` uint16 [W], and for each group `start`, `length` and `tag` [G, n * L], and `table`, its task's.
    """
    memory, config = memory_of(learned), learned.parts.config.sleep
    form, stored = memory.format, learned.state.memory.long_term
    entries = store.read_entries(stored, form)
    group_task = (
        jnp.arange(config.num_groups * config.prefetch_steps) % learned.stream.spec.num_tasks
    )
    counts = stored.task_counts[group_task][:, None]
    first = (jnp.cumsum(stored.task_counts) - stored.task_counts)[group_task][:, None]
    slot = first + jnp.arange(config.batch_size // config.num_groups)[None] % counts
    label, lane = jnp.broadcast_arrays(entries.label[slot][..., None], jnp.arange(form.lanes))
    record, _ = jax.vmap(lambda task: store.read_record(stored, form, task))(group_task)
    own = {
        "start": store.string_starts(entries.lengths)[slot],
        "length": entries.lengths[slot],
        "tag": integrity_tag(label, lane),
    }
    return {name: value.reshape(len(slot), -1) for name, value in own.items()} | {
        "words": stored.words,
        "table": record.table,
    }


def with_cache(learned: Learned) -> tuple[Parts, BrainState]:
    """The same brain, which reads uint8 arrays in place of recalling."""
    parts, state = learned.parts, learned.state
    memory = CachedCueLayout(parts.config, parts.spec, parts.codec, parts.codec_optimiser)
    stored = state.memory.long_term
    number = memory.format.num_slots
    cached = CachedMemory(
        **{
            name: getattr(stored, name) for name in ("words", "task_counts", "num_records", "check")
        },
        cache=jnp.zeros((number, *parts.spec.image_shape), jnp.uint8),
        intact=jnp.zeros(number, bool),
    )
    parts = dataclasses.replace(parts, memory=memory)
    filled = jax.jit(memory.fill)(state.memory.replace(long_term=cached))
    filled = filled.replace(prefetched=nothing_prefetched(parts, filled))
    return parts, state.replace(memory=filled)


def replay_shares(learned: Learned, *, num_devices: int, rounds: int) -> dict[str, Any]:
    """What recalling and rANS take of a replay step.

    Args:
        learned: a memory with cues of all tasks.
        num_devices: D.
        rounds: of measuring; each does every step once.
    """
    devices, together = Devices(num_devices), learned.parts.config.sleep.prefetch_steps

    class Replayer:
        """A brain on all devices that does one replay step after another."""

        def __init__(self, parts: Parts, state: BrainState) -> None:
            self._step = devices.map_step(replay_step, parts)
            self.state = devices.init(lambda key: state, jax.random.key(0))

        def steps(self) -> Any:
            """As many as are prefetched together."""
            for _ in range(together):
                self.state, metrics = self._step(self.state, None)
            return metrics

    recalling = Replayer(learned.parts, learned.state)
    reading = Replayer(*with_cache(learned))
    strings = replay_strings(learned)
    held = devices.init(lambda key: strings, jax.random.key(0))
    decode = devices.map_reader(decode_step, learned.parts)
    things = {
        "step": recalling.steps,
        "step that reads images": reading.steps,
        "rans": lambda: decode(held, None),
    }
    measured = in_turn(things, rounds)
    return {
        "devices": num_devices,
        "rounds": rounds,
        "milliseconds": {
            name: 1e3 * median(measured, lambda one, name=name: one[name]) / together
            for name in things
        },
        "recall_percent": 100
        * median(measured, lambda one: 1 - one["step that reads images"] / one["step"]),
        "rans_percent": 100 * median(measured, lambda one: one["rans"] / one["step"]),
    }
