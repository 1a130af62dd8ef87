"""How well a byte budget is kept and spent.

Command:   python -m experiments.benchmarks.budget --config.codec.first_steps=500 --config.codec.steps=300
Takes:     about 10 minutes on 2 CPU cores.
Expect:    never more than the budget, and nearly all of it after the last task; see experiments/results/budget.json.

For several budgets and policies, and no other setting changed, all tasks are encoded and transferred; sleep is cut
short, since it takes no memory.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from braincl_jax.build import build_stream
from braincl_jax.runtime.workdir import METRICS
from experiments.arguments import read_config
from experiments.benchmarks import harness
from experiments.benchmarks.launched import Launched

SHORT_SLEEP = ("--config.sleep.steps=1", "--config.wake.epochs=0")
# A codec that all tasks share is for one policy alone.
FOR_ALL = ("--config.codec.shared=decoder",)
KEPT = ("dataset", "budget_bytes", "raw_train_bytes", "num_cues", "num_train_images")


def measure(flags: Sequence[str], share: float, policy: str, folder: Path) -> dict[str, Any]:
    """What is in use after each task, and the recall in the end.

    Args:
        flags: of the run.
        share: the budget, in % of the raw images.
        policy: how it is spent.
        folder: gets the run.
    """
    spec = build_stream(read_config(flags)).spec
    budget = int(spec.num_images * math.prod(spec.image_shape) * share / 100)
    own = (f"--config.budget_policy={policy}", f"--config.budget_bytes={budget}")
    workdir = folder / f"{policy}-{share:g}"
    summary = Launched([*FOR_ALL, *flags, *SHORT_SLEEP, *own], folder).finish(workdir)
    total = summary["memory_bytes"]["total"]
    return {key: summary[key] for key in (*KEPT, "recall_psnr_db", "memory_bytes")} | {
        "policy": policy,
        "share_percent": share,
        "used_after_each_task": [total - free for free in free_bytes(workdir)],
    }


def free_bytes(workdir: Path) -> list[int]:
    """Bytes of the block that are free after each task's transfer."""
    lines = map(json.loads, (workdir / METRICS).read_text().splitlines())
    return [int(one["free_bytes"]) for one in lines if one["phase"] == "transfer"]


def row(found: dict[str, Any]) -> list[Any]:
    """A row of the table: what was used of a budget."""
    budget = found["budget_bytes"]
    used = " ".join(f"{100 * one / budget:.1f}" for one in found["used_after_each_task"])
    cues = f"{found['num_cues']:,} of {found['num_train_images']:,}"
    return [found["policy"], budget, found["share_percent"], used, cues, found["recall_psnr_db"]]


def main(arguments: Sequence[str] | None = None) -> None:
    line = harness.CommandLine("budget", __doc__)
    line.add_argument(
        "--shares", type=float, nargs="+", default=[5.0, 10.0, 20.0], help="%% of the raw images"
    )
    line.add_argument("--policies", nargs="+", default=["planned", "open_ended"])
    asked = line.read(arguments)
    with harness.workplace(asked, harness.QUICKSTART) as (folder, flags):
        rows = [measure(flags, s, p, folder) for s in asked.shares for p in asked.policies]
    header = (
        "policy",
        "budget (bytes)",
        "% of raw",
        "used, % after each task",
        "cues",
        "PSNR (dB)",
    )
    harness.show(header, [row(one) for one in rows])
    harness.publish(asked, {"budgets": rows})


if __name__ == "__main__":
    main()
