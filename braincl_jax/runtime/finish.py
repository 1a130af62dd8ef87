"""What a run leaves when all tasks are learned: summary, files of the method, report."""

from pathlib import Path
from typing import Any

import jax
import numpy as np

from braincl_jax.data import TaskStream
from braincl_jax.evaluators.base import Evaluator
from braincl_jax.methods import Method
from braincl_jax.report.page import RecallSample, write_report
from braincl_jax.runtime.cursor import Outcome
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.log import write_json
from braincl_jax.runtime.processes import leads
from braincl_jax.runtime.summary import summarise_run
from braincl_jax.runtime.workdir import RECALLS, REPORT, SUMMARY
from braincl_jax.state import BrainState


def finish(
    state: BrainState,
    outcome: Outcome,
    method: Method,
    evaluators: dict[str, Evaluator],
    stream: TaskStream,
    devices: Devices,
    workdir: Path,
) -> dict[str, Any]:
    """Writes all that there is to write, the pictures last; returns the summary."""
    final = jax.device_put(devices.fetch(state))
    summary = summarise_run(
        final,
        method=method,
        evaluators=evaluators,
        stream=stream,
        outcome=outcome,
        device=devices.description,
    )
    if leads():
        method.export(workdir, final, stream, outcome.notes)
        # It says that the run is finished: a picture that cannot be drawn costs nothing but itself.
        write_json(workdir / SUMMARY, summary)
        write_report(workdir / REPORT, summary, read_recalls(workdir / RECALLS))
    return summary


def read_recalls(path: Path) -> RecallSample | None:
    """The originals and recalls to show, where the method has left some."""
    if not path.exists():
        return None
    with np.load(path) as pairs:
        return RecallSample(pairs["original"], pairs["recalled"])
