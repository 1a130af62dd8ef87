"""The report of a run: written beside its place and then moved there, so that it is whole and nothing else is lost."""

import os
import shutil
from pathlib import Path

import numpy as np

from braincl_jax.report.page import RecallSample, write_report
from braincl_jax.report.summaries import Summary
from braincl_jax.runtime.folder import CONTENTS
from braincl_jax.runtime.log import read_json, write_json
from braincl_jax.runtime.workdir import DRAFT, RECALLS, REPORT


def publish_report(workdir: Path, summary: Summary) -> None:
    """Draws the report of a summary, and puts it into the run's folder.

    Its files are named in `contents.json` before they are there: whoever deletes the run deletes these, and leaves what
    somebody else has put beside them.
    """
    draft, report = workdir / DRAFT, workdir / REPORT
    shutil.rmtree(draft, ignore_errors=True)
    write_report(draft, summary, read_recalls(workdir / RECALLS))
    names = sorted(path.name for path in draft.iterdir())
    write_json(report / CONTENTS, names)
    for name in names:
        os.replace(draft / name, report / name)
    draft.rmdir()


def report_is_whole(workdir: Path) -> bool:
    """Whether all files are there that the report says it has; it is not if its writing was cut short."""
    report = workdir / REPORT
    try:
        names = read_json(report / CONTENTS)
    except ValueError:
        return False
    return all((report / str(name)).exists() for name in names)


def read_recalls(path: Path) -> RecallSample | None:
    """The originals and recalls to show, where the method has left some."""
    if not path.exists():
        return None
    with np.load(path) as pairs:
        tasks = pairs["task"].tolist() if "task" in pairs else None
        return RecallSample(pairs["original"], pairs["recalled"], tasks)
