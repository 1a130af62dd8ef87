"""The beginning of a run: from nothing, from its own newest checkpoint, or from that of another run."""

from collections.abc import Sequence
from pathlib import Path

import jax

from braincl_jax.build import init_brain, without_what_was_read
from braincl_jax.methods import Method
from braincl_jax.pipeline import Phase
from braincl_jax.runtime.cursor import Cursor
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.folder import claim, origin_of
from braincl_jax.runtime.fork import fork
from braincl_jax.runtime.processes import leads, require_same_everywhere
from braincl_jax.runtime.record import Record
from braincl_jax.runtime.resume import resume
from braincl_jax.runtime.stages import build_evaluators, stages_of
from braincl_jax.state import BrainState, without_prefetched


def begin(
    method: Method,
    record: Record,
    phases: Sequence[Phase],
    devices: Devices,
    workdir: Path,
    *,
    restart: bool,
    fork_from: Path | None,
) -> tuple[BrainState, Cursor, Path | None]:
    """The state and the place from which a run in `workdir` goes on, and the checkpoint they are from, if any.

    Raises:
        ValueError: see `run_sequence`.
        DamagedError: see `run_sequence`.
    """
    # Names that are taken twice are told before anything is written.
    stages_of(phases, build_evaluators(record.config.evaluators), last_task=True)
    key = jax.random.key(record.config.seed)

    def init(key: jax.Array) -> BrainState:
        return init_brain(method, key)

    abstract = jax.eval_shape(lambda key: without_prefetched(init(key)), key)
    beginning, origin = None, fork_from
    if not restart:
        beginning = resume(workdir, record, abstract)
        origin = fork_from or origin_of(workdir)
    # Nobody writes before all have read.
    require_same_everywhere(f"start at {beginning.cursor if beginning else 0}, from {origin}")
    if beginning is None and origin is not None:
        beginning = fork(origin, workdir, record, abstract, phases)
    elif leads():
        claim(workdir, record, anew=beginning is None)
    if beginning is not None:
        state = without_what_was_read(method, beginning.state)
        return devices.replicate(state), beginning.cursor, beginning.path
    return devices.init(init, key), Cursor(phases[0].name), None
