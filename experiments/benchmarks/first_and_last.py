"""How fast steps are in the first task and in the last one of a finished run, measured in turn.

Command:   python -m experiments.benchmarks.first_and_last --workdir=runs/long_sequence/interrupted
Takes:     about a minute on 2 CPU cores for the long sequence.
Expect:    ratios of 1 within what other work on the machine leaves to see.

A log of a whole run cannot tell a slower program from a busier machine. Here a brain in its first task and the brain
of the run's last checkpoint go through the same steps, round after round; a ratio is the median of those within rounds.
"""

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import jax

from braincl_jax.build import build_parts, build_stream, init_brain
from braincl_jax.config import Config, from_mapping
from braincl_jax.methods import get_method
from braincl_jax.pipeline import phases
from braincl_jax.runtime.checkpoint import load_newest
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.log import write_json
from experiments.benchmarks.timing import in_turn, median
from experiments.provenance import current_commit, hardware

TRAINING = ("encode", "classify", "replay")


class Learners:
    """A brain in the first task and one in the last, which share every compiled step."""

    def __init__(self, config: Config, workdir: Path) -> None:
        """Loads the last one from `workdir`.

        Raises:
            ValueError: there is no checkpoint of these settings.
        """
        stream = build_stream(config)
        parts = build_parts(config, stream.spec)
        devices = Devices(config.num_devices)
        self._story = {
            phase.name: phase for phase in phases(get_method(config.method), stream, config)
        }
        self._steps = {
            name: devices.map_step(phase.step, parts) for name, phase in self._story.items()
        }

        def init(key: jax.Array) -> Any:
            return init_brain(parts, key)

        key = jax.random.key(config.seed)
        checkpoint = load_newest(workdir / "checkpoints", jax.eval_shape(init, key))
        if checkpoint is None:
            raise ValueError(f"{workdir} has no checkpoints")
        self._last = config.num_tasks - 1
        self._states = {0: devices.init(init, key), self._last: devices.replicate(checkpoint.state)}
        for name in self._story:
            self.few_steps(0, name, 1)

    def few_steps(self, task: int, phase: str, number: int) -> None:
        """Steps of a phase of a task, over and over its batches; waits for the last."""
        story = self._story[phase]
        for index in range(number):
            batch = story.batch_at(task, index % story.num_steps(task))
            self._states[task], _ = self._steps[phase](self._states[task], batch)
        jax.block_until_ready(self._states[task])

    def measure(self, phase: str, *, rounds: int, steps: int) -> dict[str, Any]:
        """Milliseconds of a step in the first task and in the last, and how many times as long it takes there."""
        tasks = {"first": 0, "last": self._last}
        things = {
            end: lambda task=task: self.few_steps(task, phase, steps) for end, task in tasks.items()
        }
        measured = in_turn(things, rounds)
        return {
            f"{end}_ms": round(1e3 * median(measured, lambda one, end=end: one[end] / steps), 3)
            for end in tasks
        } | {"ratio": round(median(measured, lambda one: one["last"] / one["first"]), 3)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workdir", type=Path, required=True, help="of a finished run with codecs")
    parser.add_argument("--rounds", type=int, default=25, help="rounds over the two brains")
    parser.add_argument("--steps", type=int, default=10, help="steps of each brain in a round")
    parser.add_argument(
        "--results", type=Path, help="JSON file that gets the figures beside those it has"
    )
    asked = parser.parse_args()
    made = {
        "command": shlex.join(
            ["python", "-m", "experiments.benchmarks.first_and_last", *sys.argv[1:]]
        ),
        "commit": current_commit(),
        "hardware": hardware(),
    }
    config = from_mapping(json.loads((asked.workdir / "config.json").read_text()))
    learners = Learners(config, asked.workdir)
    sizes = {"rounds": asked.rounds, "steps": asked.steps}
    figures = {name: learners.measure(name, **sizes) for name in TRAINING}
    print(json.dumps(figures, indent=2))
    if asked.results:
        others = json.loads(asked.results.read_text()) if asked.results.exists() else {}
        write_json(asked.results, others | {"first_and_last_in_turn": made | sizes | figures})


if __name__ == "__main__":
    main()
