"""Whether steps take as long as they do in another checkout, such as one of an older commit.

Command:   python -m experiments.benchmarks.step_ratio --other=PATH/TO/CHECKOUT
Takes:     about 15 minutes on 2 CPU cores.
Expect:    ratios of 1 within what other work on the machine leaves to see, as many compilations, and as many bytes.

Both checkouts launch the same run with the same flags, in turn, each in a process of its own, on one virtual device and
on several; a ratio is the median of the ratios within rounds. Steps are timed by the runs themselves, in
`timings.jsonl`, whatever their code looks like. Settings must be known to both.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from braincl_jax.runtime.checkpoint import numbered
from braincl_jax.runtime.workdir import CHECKPOINTS, TIMINGS
from experiments.benchmarks import harness
from experiments.benchmarks.devices import PHASES, SHORT
from experiments.benchmarks.launched import ROOT, Launched
from experiments.benchmarks.step_times import AT_END, ratios, read_timings, runs_in_turn


def weights(workdir: Path) -> dict[str, int]:
    """Programs that a run compiled while it learned, and bytes of its newest checkpoint."""
    lines = [line for process in read_timings(workdir / TIMINGS) for line in process.lines]
    newest = numbered(workdir / CHECKPOINTS)[-1]
    return {
        "compilations": sum(line["compiled"] for line in lines if line["phase"] != AT_END),
        "checkpoint_bytes": sum(x.stat().st_size for x in newest.rglob("*") if x.is_file()),
    }


def measure(runs: dict[str, Launched], folder: Path, rounds: int) -> dict[str, Any]:
    """Ratios of step times, this checkout's over the other's, and what both compile and save."""
    measured = runs_in_turn(runs, folder, rounds)
    found: dict[str, Any] = {"ratio": ratios(measured, "this", "other", PHASES)}
    return found | {name: weights(folder / f"{name}-{rounds}") for name in runs}


def main(arguments: Sequence[str] | None = None) -> None:
    line = harness.CommandLine("step_ratio", __doc__)
    line.add_argument("--other", type=Path, required=True, help="folder of the other checkout")
    line.add_argument("--devices", type=int, nargs="+", default=[1, 4], help="virtual devices")
    line.add_argument("--rounds", type=int, default=5, help="rounds over both")
    line.add_argument("--folder", help="keeps the runs; finished ones there are not repeated")
    asked = line.read(arguments)
    found = {}
    with harness.workplace(asked, *SHORT) as (folder, flags):
        for number in asked.devices:
            own = folder / f"devices-{number}"
            own.mkdir(exist_ok=True)
            environment = harness.environment(asked, number)
            settings = [*flags, f"--config.num_devices={number}"]
            runs = {
                name: Launched(settings, own, root=root.resolve(), environment=environment)
                for name, root in (("this", ROOT), ("other", asked.other))
            }
            found[str(number)] = measure(runs, own, asked.rounds)
    harness.show(
        ["devices", *PHASES], [[name, *one["ratio"].values()] for name, one in found.items()]
    )
    for name, one in found.items():
        harness.show(
            [f"{name} device(s)", "compilations", "checkpoint (bytes)"],
            [[side, *one[side].values()] for side in ("this", "other")],
        )
    harness.publish(asked, {"rounds": asked.rounds, "by_devices": found})


if __name__ == "__main__":
    main()
