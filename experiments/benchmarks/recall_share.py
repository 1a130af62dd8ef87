"""What share of a replay step recalling takes, and how fast strings are decoded beside the package constriction.

Command:   python -m experiments.benchmarks.recall_share --rounds=60
Takes:     about 6 minutes on 2 CPU cores.
Expect:    recalling below 20 % of a step and entropy decoding about 3 %; strings decoded inside jit at least as fast as
           constriction decodes them one by one, though it has the easier task of letters without context.

The step that recalls is timed in turn with one that reads the same images from arrays (`braincl_cached`), and with the
decoding of the strings alone.
"""

import dataclasses
import importlib
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax import pipeline
from braincl_jax.build import build_method
from braincl_jax.memory import cue_strings
from braincl_jax.memory.coder import tables
from braincl_jax.methods import BrainCL, BrainCLCached
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.processes import use_virtual_devices
from braincl_jax.sleep import nothing_prefetched
from braincl_jax.sleep.prefetch import prefetch
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Now
from experiments.arguments import read_config
from experiments.benchmarks import harness
from experiments.benchmarks.harness import in_turn, median
from experiments.benchmarks.learned import Learned, learn, stored_cues

# Strings that are decoded together, where there are so many.
BATCH = 1024


def with_cache(learned: Learned) -> tuple[BrainCLCached, BrainState]:
    """The same brain, which reads arrays in place of recalling."""
    parts, memory = learned.method.parts, learned.state.memory
    config = dataclasses.replace(parts.config, method="braincl_cached")
    method = build_method(config, parts.plan)
    assert isinstance(method, BrainCLCached)
    layout, stored = method.layout, learned.stored
    own = {field.name: getattr(stored, field.name) for field in dataclasses.fields(stored)}
    cached = layout.init(learned.state.key).long_term.replace(**own)
    filled = jax.jit(layout.fill)(memory.replace(long_term=cached, prefetched=None))
    prefetched = nothing_prefetched(method.parts, layout, filled)
    return method, learned.state.replace(memory=filled.replace(prefetched=prefetched))


def decoding(method: BrainCL) -> Callable[..., Array]:
    """A function that reads what is prefetched for some steps of replay, and returns a number that needs all of it."""

    def decode(state: BrainState, batch: None, *, axis_name: str | None = None) -> Array:
        del batch
        now = Now(state.key, jnp.int32(0), jnp.float32(0))
        parts, known = method.parts, state.consolidation.class_loss
        found = prefetch(state.memory, known, now, now.step, parts, method.layout, axis_name)
        return jnp.stack([leaf.sum() for leaf in jax.tree.leaves(found.read)]).sum()

    return decode


def shares(learned: Learned, num_devices: int, rounds: int) -> dict[str, Any]:
    """What recalling and entropy decoding take of a replay step, in % of it."""
    devices, together = Devices(num_devices), learned.method.parts.config.sleep.prefetch_steps

    def replayer(method: BrainCL, state: BrainState) -> Callable[[], Any]:
        """Goes through as many steps of replay as are prefetched together."""
        step, states = devices.map_step(pipeline.replay(method)), [devices.replicate(state)]

        def steps() -> Any:
            for _ in range(together):
                states[0], metrics = step(states[0], None)
            return metrics

        return steps

    read, held = devices.map_reader(decoding(learned.method)), devices.replicate(learned.state)
    things = {
        "recalling": replayer(learned.method, learned.state),
        "reading": replayer(*with_cache(learned)),
        "decoding": lambda: read(held, None),
    }
    measured = in_turn(things, rounds)
    return {
        "devices": num_devices,
        "rounds": rounds,
        "step_ms": 1e3 * median(measured, lambda one: one["recalling"]) / together,
        "recall_percent": 100 * median(measured, lambda one: 1 - one["reading"] / one["recalling"]),
        "decoding_percent": 100 * median(measured, lambda one: one["decoding"] / one["recalling"]),
    }


def speed(learned: Learned, rounds: int) -> dict[str, Any]:
    """Strings of the first task that are decoded in a second, jitted on one device and by constriction."""
    form, slots = learned.layout.format, jnp.asarray(learned.slots(0)[:BATCH])
    task = jnp.zeros(1, jnp.int32)
    read = jax.jit(lambda memory: cue_strings.read_cues(memory, form, task, slots[None]))
    table, cues = stored_cues(learned, 0)
    symbols = np.asarray(tables.to_symbols(table, jnp.asarray(cues[: len(slots)])))
    things = {"ours": lambda: read(learned.stored)} | constriction(symbols)
    measured = in_turn(things, rounds)
    rates = {
        name: median(measured, lambda one, name=name: len(slots) / one[name]) for name in things
    }
    over = {
        name: median(measured, lambda one, name=name: one[name] / one["ours"])
        for name in things
        if name != "ours"
    }
    return {"strings": len(slots), "strings_per_second": rates, "times_as_fast_as": over}


def constriction(symbols: np.ndarray) -> dict[str, Callable[[], Any]]:
    """The package constriction decoding the same letters int32 [n, h, w, M], a string each, if it is installed.

    Its task is the easier one: a table for each channel, of the letters' own frequencies, and no context.
    """
    try:
        stream: Any = vars(importlib.import_module("constriction"))["stream"]
    except ImportError:
        print("constriction is left out: pip install constriction brings it")
        return {}
    by_image = symbols.reshape(len(symbols), -1, symbols.shape[-1]).swapaxes(1, 2).astype(np.int32)
    # One more of each letter: the package asks for at least two.
    counts = [1.0 + np.bincount(one.ravel(), minlength=2) for one in by_image.swapaxes(0, 1)]
    models = [
        stream.model.Categorical(one / one.sum(), perfect=False, lazy=False) for one in counts
    ]

    def encode(rows: np.ndarray) -> np.ndarray:
        coder = stream.stack.AnsCoder()
        for row, model in zip(rows[::-1], models[::-1], strict=True):
            coder.encode_reverse(np.ascontiguousarray(row), model)
        return coder.get_compressed()

    def decode(string: np.ndarray) -> list[np.ndarray]:
        coder = stream.stack.AnsCoder(string)
        return [coder.decode(model, by_image.shape[-1]) for model in models]

    strings = [encode(one) for one in by_image]
    np.testing.assert_array_equal([decode(one) for one in strings], by_image)
    return {"constriction": lambda: [decode(one) for one in strings]}


def main(arguments: Sequence[str] | None = None) -> None:
    line = harness.CommandLine("recall_share", __doc__)
    line.add_argument("--rounds", type=int, default=30, help="rounds of measuring")
    line.add_argument("--devices", type=int, nargs="+", default=[1, 4], help="numbers of devices")
    asked = line.read(arguments)
    use_virtual_devices(max(asked.devices))
    with harness.workplace(asked, harness.QUICKSTART, *harness.SHORT_TRAINING) as (_, flags):
        learned = learn(read_config(flags))
    found = [shares(learned, one, asked.rounds) for one in asked.devices]
    names = ("devices", "step_ms", "recall_percent", "decoding_percent")
    harness.show(names, [[one[name] for name in names] for one in found])
    fast = speed(learned, asked.rounds)
    harness.show(["", "strings/s"], list(fast["strings_per_second"].items()))
    harness.show(["ours, times as fast as", ""], list(fast["times_as_fast_as"].items()))
    harness.publish(asked, {"shares": found, "speed": fast})


if __name__ == "__main__":
    main()
