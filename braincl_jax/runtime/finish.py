"""What a run leaves when all tasks are learned: summary, files of the method, report."""

import logging
from pathlib import Path
from typing import Any

import jax

from braincl_jax.runtime.cursor import Outcome
from braincl_jax.runtime.examine import Examiner
from braincl_jax.runtime.launches import identity_of
from braincl_jax.runtime.log import write_json
from braincl_jax.runtime.processes import leads
from braincl_jax.runtime.publish import publish_report
from braincl_jax.runtime.summary import summarise_run
from braincl_jax.runtime.workdir import REPORT, SUMMARY
from braincl_jax.state import BrainState

_LOG = logging.getLogger(__name__)


def finish(
    state: BrainState, outcome: Outcome, examiner: Examiner, workdir: Path
) -> dict[str, Any]:
    """Writes all that there is to write, the pictures last; returns the summary.

    A report that cannot be written is a warning in the log: all that it shows is in the summary.
    """
    method, stream = examiner.method, examiner.stream
    final = jax.device_put(examiner.devices.fetch(state))
    summary = summarise_run(
        final,
        method=method,
        evaluators=examiner.evaluators,
        stream=stream,
        outcome=outcome,
        device=examiner.devices.description,
    )
    if leads():
        summary |= identity_of(workdir)
        method.export(workdir, final, stream, outcome.notes)
        # It says that the run is finished: a picture that cannot be drawn costs nothing but itself.
        write_json(workdir / SUMMARY, summary)
        try:
            publish_report(workdir, summary)
        except Exception as error:
            _LOG.warning(
                "report %s could not be written: %s", workdir / REPORT, error, exc_info=True
            )
    return summary
