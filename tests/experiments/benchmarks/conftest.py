"""A memory of a few noisy images, and a run that is over at once."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from braincl_jax.runtime.checkpoint import write_checkpoint
from experiments.arguments import read_config
from experiments.benchmarks import harness
from experiments.benchmarks.launched import Interruption, Landing
from experiments.benchmarks.learned import Learned, learn


@pytest.fixture(scope="session")
def learned(tmp_path_factory) -> Learned:
    """A memory of two tasks, hardly trained."""
    flags = harness.small_flags(tmp_path_factory.mktemp("small"))
    return learn(read_config([*flags, "--config.sleep.prefetch_steps=2"]))


def timing(task: int, seconds: float, phase="replay", steps=1, compiled=0) -> dict[str, Any]:
    """A line of `timings.jsonl`."""
    keys = ("task", "phase", "steps", "seconds", "compiled")
    return dict(zip(keys, (task, phase, steps, seconds, compiled), strict=True))


# Two tasks; steps of replay take 0.1 s and a checkpoint 0.04 s, after which 10 steps take 0.06 s longer.
LINES = (
    *(timing(0, 3.0, "encode", 10, compiled=3), timing(0, 2.0, "encode", 10)),
    *(timing(0, 9.0, compiled=2), timing(0, 1.0, steps=10)),
    *(timing(1, 4.0, "encode", 10), timing(1, 0.2, "classify", 10), timing(1, 0.01, "checkpoint")),
    *(timing(1, 1.0, steps=10), timing(1, 0.04, "checkpoint"), timing(1, 1.06, steps=10)),
    *(timing(1, 1.0, steps=10), timing(1, 0.02, "after_task"), timing(1, 5.0, "at_end", 1, 4)),
)
SUMMARY = {
    **{"dataset": "npz:images.npz", "num_tasks": 2, "seed": 0, "num_cues": 90},
    **{"num_train_images": 96, "raw_train_bytes": 6144, "recall_psnr_db": 21.5},
    **{"budget_bytes": 1000, "memory_bytes": {"strings": 900, "free": 60, "total": 960}},
    **{"final_accuracy": 0.5, "average_incremental_accuracy": 0.6, "forgetting_chaudhry": 0.1},
    **{"wall_seconds": {}, "versions": {}, "device": "none"},
}


class AtOnce:
    """Stands for `launched.Launched`: its runs leave the same files, and compile nothing.

    Attributes:
        made: all of them: flags and options of each, and the calls of `finish` and `interrupt`.
    """

    def __init__(
        self, made: list[tuple], flags: Sequence[str], folder: Path, **options: Any
    ) -> None:
        made.append((list(flags), options))
        self._made = made

    def finish(self, workdir: Path, checkpoint_steps: int = 0) -> dict[str, Any]:
        self._made.append(("finish", workdir.name, checkpoint_steps))
        workdir.mkdir(exist_ok=True)
        lines = [{"from_step": 0}, *LINES]
        (workdir / "timings.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
        free = ({"phase": "replay"}, {"phase": "transfer", "free_bytes": 500.0})
        last = {"phase": "transfer", "free_bytes": 60.0}
        metrics = "".join(json.dumps(one) + "\n" for one in (*free, last))
        (workdir / "metrics.jsonl").write_text(metrics)
        (workdir / "summary.json").write_text(json.dumps(SUMMARY))
        state = {
            "memory": {"long_term": np.zeros(10, np.uint8), "working": np.zeros(3, np.int32)},
            "encoder": np.zeros(2, np.float32),
            "progress": np.zeros(1, np.int32),
        }
        # The paths of a state go one level deeper.
        state["memory"] = {name: {"words": leaf} for name, leaf in state["memory"].items()}
        state["encoder"] = {"params": state["encoder"]}
        write_checkpoint(workdir / "checkpoints", 200, state, {}, {})
        return SUMMARY

    def interrupt(self, workdir: Path, at: Interruption) -> Landing:
        self._made.append(("interrupt", workdir.name, at))
        return Landing(0, "replay", at.steps, 0)


@pytest.fixture
def at_once(monkeypatch) -> list[tuple]:
    """Runs that are launched are over at once; gives what is asked of them."""
    made: list[tuple] = []
    names = ("budget", "kill", "long_sequence", "checkpoints", "devices", "step_ratio")
    for name in names:
        place = f"experiments.benchmarks.{name}.Launched"
        monkeypatch.setattr(
            place, lambda *arguments, **options: AtOnce(made, *arguments, **options)
        )
    return made
