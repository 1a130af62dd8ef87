"""How many images a second a night goes through, by network and batch, and how many strings are decoded.

Command:   python -m experiments.benchmarks.throughput --networks 'resnet8(width=16)' --batches 64 256
Takes:     about 3 minutes on 2 CPU cores.
Expect:    on an accelerator, images a second that grow with the batch until it is busy, and a decoding that takes as
           long for many strings as for few: prefetch more steps there (`--prefetch_steps`).

One memory is filled by a codec that is hardly trained; each network replays it. Operations are those of the networks,
as `max_flops` counts them.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, cast

import jax

from braincl_jax.build import build_method, init_brain
from braincl_jax.methods import BrainCL
from braincl_jax.phases import phase_flops
from braincl_jax.runtime.devices import Devices
from experiments.arguments import read_config
from experiments.benchmarks import harness
from experiments.benchmarks.learned import Learned, learn
from experiments.benchmarks.recall_share import decoding, stretch

COLUMNS = (
    *("network", "batch", "prefetched", "step_ms", "images_per_second", "teraflops"),
    *("decoding_percent", "decoded_per_second"),
)


def with_night(learned: Learned, network: str, batch_size: int, prefetch_steps: int) -> Learned:
    """The same memory, replayed into another network, which is fresh, in other batches."""
    config = learned.method.parts.config
    sleep = dataclasses.replace(config.sleep, batch_size=batch_size, prefetch_steps=prefetch_steps)
    config = dataclasses.replace(config, network=network, sleep=sleep)
    method = cast(BrainCL, build_method(config, learned.method.parts.plan))
    fresh = jax.jit(lambda key: init_brain(method, key))(learned.state.key)
    memory = fresh.memory.replace(long_term=learned.stored)
    state = fresh.replace(
        memory=memory,
        consolidation=learned.state.consolidation,
        progress=learned.state.progress,
    )
    return learned._replace(method=method, state=state)


def measure(
    learned: Learned, network: str, batch_size: int, prefetch_steps: int, rounds: int
) -> dict[str, Any]:
    """A row of the table: `COLUMNS`. Step and rates are of one device; TFLOP are those of a second."""
    night, devices = with_night(learned, network, batch_size, prefetch_steps), Devices(1)
    read, held = devices.map_reader(decoding(night.method)), devices.replicate(night.state)
    things = {
        "replay": stretch(devices, night.method, night.state),
        "decoding": lambda: read(held, None),
    }
    measured = harness.in_turn(things, rounds)
    seconds = harness.median(measured, lambda one: one["replay"]) / prefetch_steps
    decoded = harness.median(measured, lambda one: one["decoding"])
    flops = phase_flops(night.method, night.stream, night.state)["replay"]
    return {
        "network": network,
        "batch": batch_size,
        "prefetched": prefetch_steps,
        "step_ms": 1e3 * seconds,
        "images_per_second": batch_size / seconds,
        "teraflops": flops / seconds / 1e12,
        "decoding_percent": 100
        * harness.median(measured, lambda one: one["decoding"] / one["replay"]),
        "decoded_per_second": batch_size * prefetch_steps / decoded,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    line = harness.CommandLine("throughput", __doc__)
    line.add_argument("--networks", nargs="+", default=["resnet8_half"], help="backbones")
    line.add_argument("--batches", type=int, nargs="+", default=[64, 256], help="images of a step")
    line.add_argument("--prefetch_steps", type=int, nargs="+", default=[16], help="steps ahead")
    line.add_argument("--rounds", type=int, default=10, help="rounds of measuring")
    asked = line.read(arguments)
    with harness.workplace(asked, harness.QUICKSTART, *harness.SHORT_TRAINING) as (_, flags):
        learned = learn(read_config([*flags, "--config.num_devices=1"]))
    rows = []
    for network in asked.networks:
        for batch_size in asked.batches:
            for prefetch_steps in asked.prefetch_steps:
                row = measure(learned, network, batch_size, prefetch_steps, asked.rounds)
                rows.append(row)
                harness.show(COLUMNS, [[row[name] for name in COLUMNS]])
    harness.show(COLUMNS, [[row[name] for name in COLUMNS] for row in rows])
    device = Devices(1).description
    harness.publish(asked, {"device": device, "rounds": asked.rounds, "nights": rows})


if __name__ == "__main__":
    main()
