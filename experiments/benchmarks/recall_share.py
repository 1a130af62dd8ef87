"""What share of a replay step recalling takes.

Command:   python -m experiments.benchmarks.recall_share --rounds=60
Takes:     about 6 minutes on 2 CPU cores.
Expect:    recalling below 20 % of a step and entropy decoding about 3 %.

The step that recalls is timed in turn with one that reads the same images from arrays (`braincl_cached`), and with the
decoding of the strings alone.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from braincl_jax import pipeline
from braincl_jax.build import build_method
from braincl_jax.methods import BrainCL, BrainCLCached
from braincl_jax.prefetch import nothing_prefetched, prefetch, recallable
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.processes import use_virtual_devices
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Now
from experiments.arguments import read_config
from experiments.benchmarks import harness
from experiments.benchmarks.learned import Learned, learn


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
        parts, layout = method.parts, method.layout
        known = recallable(state, layout, state.progress.task + 1)._replace(
            class_loss=state.consolidation.class_loss
        )
        found = prefetch(state.memory, known, now, now.step, parts, layout, axis_name)
        return jnp.stack([leaf.sum() for leaf in jax.tree.leaves(found.read)]).sum()

    return decode


def stretch(devices: Devices, method: BrainCL, state: BrainState) -> Callable[[], Any]:
    """Goes through as many steps of replay as are prefetched together, each time it is called."""
    step, states = devices.map_step(pipeline.replay(method)), [devices.replicate(state)]

    def steps() -> Any:
        for _ in range(method.parts.config.sleep.prefetch_steps):
            states[0], metrics = step(states[0], None)
        return metrics

    return steps


def shares(learned: Learned, num_devices: int, rounds: int) -> dict[str, Any]:
    """What recalling and entropy decoding take of a replay step, in % of it."""
    devices, together = Devices(num_devices), learned.method.parts.config.sleep.prefetch_steps
    read, held = devices.map_reader(decoding(learned.method)), devices.replicate(learned.state)
    things = {
        "recalling": stretch(devices, learned.method, learned.state),
        "reading": stretch(devices, *with_cache(learned)),
        "decoding": lambda: read(held, None),
    }
    measured = harness.in_turn(things, rounds)
    return {
        "devices": num_devices,
        "rounds": rounds,
        "step_ms": 1e3 * harness.median(measured, lambda one: one["recalling"]) / together,
        "recall_percent": 100
        * harness.median(measured, lambda one: 1 - one["reading"] / one["recalling"]),
        "decoding_percent": 100
        * harness.median(measured, lambda one: one["decoding"] / one["recalling"]),
    }


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
    harness.publish(asked, {"shares": found})


if __name__ == "__main__":
    main()
