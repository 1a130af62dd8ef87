"""How fast steps are on several devices beside one.

Command:   python -m experiments.benchmarks.devices --devices 1 4
Takes:     about 15 minutes on 2 CPU cores.
Expect:    on a CPU, whose virtual devices share its cores, next to no gain: ratios of about 1.

Whole runs are done in turn, so that other work on the machine slows down all of them, and a ratio is the median of the
ratios within rounds. That one device and several learn the same, `experiments.compare` shows with variants of
num_devices.
"""

from collections.abc import Sequence
from typing import Any

from experiments.benchmarks import harness
from experiments.benchmarks.launched import Launched
from experiments.benchmarks.step_times import ratios, runs_in_turn

PHASES = ("encode", "classify", "replay")
# Two tasks of the quickstart: lines of the second one are without compilations.
SHORT = (
    harness.QUICKSTART,
    *("--config.num_tasks=2", "--config.classes_per_task=2", "--config.budget_bytes=156800"),
    *("--config.codec.first_steps=200", "--config.codec.steps=200"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    line = harness.CommandLine("devices", __doc__)
    line.add_argument(
        "--devices", type=int, nargs="+", default=[1, 4], help="the first is compared with"
    )
    line.add_argument("--rounds", type=int, default=5, help="rounds over all of them")
    asked = line.read(arguments)
    with harness.workplace(asked, *SHORT) as (folder, flags):
        runs = {
            str(number): Launched(
                [*flags, f"--config.num_devices={number}"],
                folder,
                environment=harness.environment(asked, number),
            )
            for number in asked.devices
        }
        measured = runs_in_turn(runs, folder, asked.rounds)
    first, *others = runs
    found: dict[str, Any] = {one: ratios(measured, first, one, PHASES) for one in others}
    header = ["images a second, devices", *PHASES]
    harness.show(header, [[f"{one} over {first}", *found[one].values()] for one in others])
    harness.publish(asked, {"rounds": asked.rounds, "times_as_many_images": found})


if __name__ == "__main__":
    main()
