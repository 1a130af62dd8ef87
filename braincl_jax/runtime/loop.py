"""A run from its beginning to its end: checks, start or resume, learning, and what is written."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from braincl_jax.config import Config
from braincl_jax.data import TaskStream
from braincl_jax.runtime.begin import begin
from braincl_jax.runtime.checkpoint import DEFAULT, Checkpointing
from braincl_jax.runtime.devices import take_devices
from braincl_jax.runtime.examine import Examiner
from braincl_jax.runtime.finish import finish, finish_report
from braincl_jax.runtime.folder import held
from braincl_jax.runtime.identify import identify
from braincl_jax.runtime.learn import learn_tasks
from braincl_jax.runtime.resume import find_finished
from braincl_jax.runtime.shell import Follower, open_shell


def run_sequence(
    config: Config,
    stream: TaskStream,
    workdir: Path,
    *,
    checkpointing: Checkpointing = DEFAULT,
    restart: bool = False,
    fork_from: Path | None = None,
    command: str = "",
    followers: Sequence[Follower] = (),
) -> dict[str, Any]:
    """Learns all tasks of `stream` one after another.

    A run that was interrupted goes on where `workdir` has its newest intact checkpoint, and ends
    as if nothing had happened. A finished run is not repeated.

    Args:
        config: the settings.
        stream: the tasks.
        workdir: gets, from the first process, what `workdir` lists. To go on, all processes must see it.
        checkpointing: how often the run is saved.
        restart: delete the run in `workdir` first.
        fork_from: another work directory, from whose newest intact checkpoint a run in a new
            `workdir` begins.
        command: what repeats the run, to be recorded.
        followers: who is told what is logged, such as `tensorboard.EventFiles`.

    Returns:
        The content of `summary.json`.

    Raises:
        ValueError: a setting is impossible; `workdir` holds another run, or files that are no run's, or another process
            writes into it; or processes differ in settings, tasks or in what they find there. Nothing has been
            written or trained then.
        DamagedError: `workdir` has checkpoints, but none is intact; nothing has been written.
        Interrupted: SIGTERM or SIGINT came; the run has been saved.
        CorruptMemoryError: a stored string was found to be damaged.
    """
    devices = take_devices(config, f"{config}, {stream}")
    stream = stream.part(*devices.part)
    method, phases, record = identify(config, stream)
    with held(workdir):
        if not restart:
            summary = find_finished(workdir, record, fork_from)
            if summary is not None:
                finish_report(workdir, summary)
                return summary
        # Before anything is written.
        examiner = Examiner.build(method, stream, devices)
        state, cursor, resumed = begin(
            method, record, phases, devices, workdir, restart=restart, fork_from=fork_from
        )
        with open_shell(
            workdir, devices, record, command, checkpointing, cursor, resumed, followers
        ) as shell:
            state = learn_tasks(state, cursor, phases, examiner, shell)
        return finish(state, cursor.outcome, phases, examiner, workdir)
