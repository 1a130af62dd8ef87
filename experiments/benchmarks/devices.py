"""What more devices change: the speed of steps that train, and nothing that is learned; and what a checkpoint costs.

Command:   python -m experiments.benchmarks.devices --what=throughput --what=checkpoint --what=equality
Takes:     about 2 minutes for throughput, 2 for the checkpoint and 6 for equality on 2 CPU cores.
Expect:    the same bill on one and four devices, and mean accuracies that differ less than seeds do; a checkpoint that
           blocks for less than a replay step.

On a CPU the devices are virtual and share its cores. All device counts are measured in turn, round after round, so that
other work on the machine slows down all of them; a ratio is the median of the ratios within the rounds.
"""

import argparse
import json
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax

from braincl_jax.build import build_parts, build_stream, init_brain
from braincl_jax.config import Config, from_mapping
from braincl_jax.methods import get_method
from braincl_jax.pipeline import phases
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.log import write_json
from braincl_jax.runtime.loop import run_sequence
from braincl_jax.runtime.processes import use_virtual_devices
from experiments.benchmarks.checkpoints import checkpoint_costs
from experiments.configs import quickstart
from experiments.provenance import current_commit, hardware

COUNTS = (1, 2, 4)
SEEDS = (0, 1, 2)


def images_per_second(run_steps: Callable[[int], None], num_steps: int, batch_size: int) -> float:
    """Speed of `run_steps(num_steps)`."""
    began = time.perf_counter()
    run_steps(num_steps)
    return num_steps * batch_size / (time.perf_counter() - began)


def medians(rounds: Sequence[dict[int, float]]) -> dict[str, Any]:
    """Median images per second for each count, and of their ratios to one device within a round."""
    return {
        "images_per_second": {
            str(n): round(statistics.median(one[n] for one in rounds), 1) for n in COUNTS
        },
        "ratio_to_one_device": {
            str(n): round(statistics.median(one[n] / one[COUNTS[0]] for one in rounds), 3)
            for n in COUNTS
        },
    }


class Learner:
    """A brain on some devices that goes through the phases of the first task step by step."""

    def __init__(self, config: Config, num_devices: int) -> None:
        stream = build_stream(config)
        parts = build_parts(config, stream.spec)
        devices = Devices(num_devices)
        self._phases = {
            phase.name: phase for phase in phases(get_method(config.method), stream, config)
        }
        self._steps = {
            name: devices.map_step(phase.step, parts) for name, phase in self._phases.items()
        }
        self._state = devices.init(lambda key: init_brain(parts, key), jax.random.key(config.seed))

    def whole_phase(self, name: str) -> None:
        """All steps of a phase."""
        for batch in self._phases[name].batches(0):
            self._state, _ = self._steps[name](self._state, batch)

    def few_steps(self, name: str, number: int) -> None:
        """The first `number` steps of a phase, over and over its batches; waits for the last."""
        done = 0
        while done < number:
            for batch in self._phases[name].batches(0):
                self._state, _ = self._steps[name](self._state, batch)
                done += 1
                if done == number:
                    break
        jax.block_until_ready(self._state)


def quickstart_config() -> Config:
    """The settings of the quickstart."""
    return from_mapping(quickstart.get_config().to_dict())


def throughput(rounds: int, steps: int) -> dict[str, Any]:
    """Images per second of the steps that train, with the quickstart's settings."""
    config = quickstart_config()
    learners = {n: Learner(config, n) for n in COUNTS}
    batch_sizes = {
        "encode": config.codec.batch_size,
        "classify": config.wake.batch_size,
        "replay": config.sleep.batch_size,
    }

    def measured(name: str) -> dict[str, Any]:
        for learner in learners.values():
            learner.few_steps(name, 2)
        results = [
            {
                n: images_per_second(
                    lambda number, learner=learner: learner.few_steps(name, number),
                    steps,
                    batch_sizes[name],
                )
                for n, learner in learners.items()
            }
            for _ in range(rounds)
        ]
        figures = {"batch_size": batch_sizes[name]} | medians(results)
        print(f"{name:9} {figures}", flush=True)
        return figures

    def all_do(name: str) -> None:
        for learner in learners.values():
            learner.whole_phase(name)

    all_do("start")
    figures = {"encode": measured("encode")}
    all_do("memorise")
    figures["classify"] = measured("classify")
    all_do("transfer")
    figures["replay"] = measured("replay")
    return {"rounds": rounds, "steps_in_a_round": steps} | figures


def equality() -> dict[str, Any]:
    """Bill and accuracy of the quickstart's first two tasks on one device and on the most, for some seeds."""
    first_tasks = {"num_tasks": 2, "classes_per_task": 2, "budget_bytes": 156_800}
    mapping = quickstart.get_config().to_dict() | first_tasks
    runs = []
    for seed in SEEDS:
        one, most = (
            _run(from_mapping(mapping | {"seed": seed, "num_devices": n}))
            for n in (COUNTS[0], COUNTS[-1])
        )
        runs.append({"seed": seed, str(COUNTS[0]): one, str(COUNTS[-1]): most})
        print(runs[-1], flush=True)
    finals = [[run[str(n)]["final_accuracy"] for run in runs] for n in (COUNTS[0], COUNTS[-1])]
    return {
        "runs": runs,
        "same_bill": all(
            run[str(COUNTS[0])]["memory_bytes"] == run[str(COUNTS[-1])]["memory_bytes"]
            for run in runs
        ),
        "mean_final_accuracy": [round(statistics.mean(one), 4) for one in finals],
        "largest_difference": round(max(abs(a - b) for a, b in zip(*finals, strict=True)), 4),
        "standard_deviation_over_seeds": round(statistics.stdev(finals[0]), 4),
    }


def _run(config: Config) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as workdir:
        summary = run_sequence(config, build_stream(config), Path(workdir))
    kept = ("memory_bytes", "num_cues", "final_accuracy", "average_incremental_accuracy")
    return {name: summary[name] for name in kept}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--what",
        action="append",
        choices=["throughput", "checkpoint", "equality"],
        help="what to measure, throughput by default; repeat it for more",
    )
    parser.add_argument("--rounds", type=int, default=15, help="rounds over the device counts")
    parser.add_argument("--steps", type=int, default=20, help="steps of each count in a round")
    parser.add_argument(
        "--results", type=Path, help="JSON file for the figures; other measurements in it stay"
    )
    asked = parser.parse_args()
    if asked.rounds < 1 or asked.steps < 1:
        parser.error(f"rounds={asked.rounds} and steps={asked.steps} must be at least 1")
    use_virtual_devices(COUNTS[-1])
    made = {
        "command": shlex.join(["python", "-m", "experiments.benchmarks.devices", *sys.argv[1:]]),
        "commit": current_commit(),
        "hardware": hardware(),
    }
    measurements = {
        "throughput": lambda: throughput(asked.rounds, asked.steps),
        "checkpoint": lambda: checkpoint_costs(quickstart_config(), asked.rounds, asked.steps),
        "equality": equality,
    }
    figures = {what: made | measurements[what]() for what in asked.what or ["throughput"]}
    print(json.dumps(figures, indent=2))
    if asked.results:
        others = json.loads(asked.results.read_text()) if asked.results.exists() else {}
        write_json(asked.results, others | figures)


if __name__ == "__main__":
    main()
