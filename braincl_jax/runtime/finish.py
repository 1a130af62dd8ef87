"""What a run leaves when all tasks are learned: summary, files of the method, report."""

import contextlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax

from braincl_jax.config import changed, to_mapping
from braincl_jax.pipeline import Phase
from braincl_jax.runtime.cursor import Outcome
from braincl_jax.runtime.curves import thinned
from braincl_jax.runtime.examine import Examiner
from braincl_jax.runtime.launches import identity_of
from braincl_jax.runtime.log import write_sealed
from braincl_jax.runtime.processes import leads
from braincl_jax.runtime.publish import publish_report, report_is_whole
from braincl_jax.runtime.summary import summarise_run
from braincl_jax.runtime.workdir import METRICS, REPORT, SUMMARY
from braincl_jax.state import BrainState

_LOG = logging.getLogger(__name__)


def finish(
    state: BrainState,
    outcome: Outcome,
    phases: Sequence[Phase],
    examiner: Examiner,
    workdir: Path,
) -> dict[str, Any]:
    """Writes all that there is to write, the pictures last; returns the summary.

    What pictures and page show beside the figures of the run is added to its summary: `image_shape` (H, W, C),
    `changed_settings` (see `config.changed`), and `curves` (see `curves`), which the first process alone has.

    A report that cannot be written is a warning in the log, and so are curves that cannot be read: what they are made
    from is on disk.
    """
    method, stream = examiner.method, examiner.stream
    final = jax.device_put(examiner.devices.fetch(state))
    summary = summarise_run(
        final,
        method=method,
        phases=phases,
        evaluators=examiner.evaluators,
        stream=stream,
        outcome=outcome,
        device=examiner.devices.description,
    )
    summary["image_shape"] = list(stream.spec.image_shape)
    summary["changed_settings"] = changed(to_mapping(method.parts.config))
    if leads():
        summary |= identity_of(workdir)
        method.export(workdir, final, stream, outcome.notes)
        with _or_warn(f"{workdir / METRICS} could not be thinned"):
            summary["curves"] = thinned(workdir / METRICS)
        # It says that the run is finished: a picture that cannot be drawn costs nothing but itself.
        write_sealed(workdir / SUMMARY, summary)
        with _or_warn(f"report {workdir / REPORT} could not be written"):
            publish_report(workdir, summary)
    return summary


def finish_report(workdir: Path, summary: dict[str, Any]) -> None:
    """Draws the report of a finished run if its process did not come to that."""
    if leads() and not report_is_whole(workdir):
        with _or_warn(f"report {workdir / REPORT} could not be written"):
            publish_report(workdir, summary)


@contextlib.contextmanager
def _or_warn(failure: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        _LOG.warning("%s: %s", failure, error, exc_info=True)
