"""Runs that can be interrupted anywhere and resumed in the same process."""

import dataclasses
import errno
import functools
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from braincl_jax import phases
from braincl_jax.build import brain_shapes, build_method
from braincl_jax.config import Config
from braincl_jax.data import TaskStream
from braincl_jax.evaluators import Evaluator, Exam
from braincl_jax.phases import phase_flops
from braincl_jax.pipeline import Phase
from braincl_jax.runtime import devices, examine, finish, identify, summary
from braincl_jax.runtime.checkpoint import write_checkpoint
from braincl_jax.runtime.interrupt import Interrupted
from braincl_jax.runtime.loop import run_sequence
from tests.runtime.dying import terminate
from tests.runtime.remembering import Remembering

# (task, stage, step), and what happens there.
Event = tuple[tuple[int, str, int], Callable[[], None]]


class Watched:
    """An evaluator, the `number`-th of its moment, that says where it is before it looks."""

    def __init__(self, evaluator: Evaluator, number: int, happens: Callable) -> None:
        self._evaluator, self._number, self._happens = evaluator, number, happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._evaluator, name)

    def run(self, exam: Exam):
        self._happens(exam.task, self._evaluator.when, self._number)
        return self._evaluator.run(exam)


class Runs:
    """Called with a folder, it runs or resumes there; each step is compiled once, however many runs there are.

    Attributes:
        traces: how often the Python body of each phase ran, in all runs with the same settings, by these.
        method: settings -> their method.
        last: one device's state at the end of the last run that came to its end.
    """

    def __init__(self, config: Config, stream: TaskStream) -> None:
        self._config, self._stream = config, stream
        self.traces: dict[Config, Counter] = defaultdict(Counter)
        self.method = functools.cache(lambda config: build_method(config, stream.spec))
        self.last: Any = None
        self._devices = functools.cache(lambda config: Remembering(config.num_devices))
        self._flops = functools.cache(
            lambda config: phase_flops(
                self.method(config), stream, brain_shapes(self.method(config))
            )
        )

    def __call__(
        self,
        workdir: Path,
        at: Event | None = None,
        config: Config | None = None,
        report: bool = False,
        **options: Any,
    ) -> dict:
        """Options are those of `run_sequence`; the report, which takes long, is left out unless it is asked for.

        What happens at a place happens just before its step; an examination has a step for each evaluator.
        """
        config = config or self._config

        def happens(task: int, stage: str, step: int) -> None:
            if at is not None and at[0] == (task, stage, step):
                at[1]()

        def batches(phase: Phase, task: int, start: int = 0):
            for step, batch in enumerate(given_batches(phase, task, start), start):
                happens(task, phase.name, step)
                yield batch

        def counted(phase: Phase, *arguments, **keywords):
            self.traces[config][phase.name] += 1
            return call(phase, *arguments, **keywords)

        def watched(texts):
            seen = Counter()
            evaluators = build_evaluators(texts)
            for name, one in evaluators.items():
                evaluators[name] = Watched(one, seen[one.when], happens)  # pyright: ignore
                seen[one.when] += 1
            return evaluators

        def summarised(state, **facts):
            self.last = state
            return summarise_run(state, **facts)

        def flops(*arguments):
            # To trace a step once more, in order to count, is not to run it.
            with pytest.MonkeyPatch.context() as uncounted:
                uncounted.setattr(Phase, "__call__", call)
                return self._flops(config)

        given_batches, call = Phase.batches, Phase.__call__
        build_evaluators, summarise_run = examine.build_evaluators, finish.summarise_run
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Phase, "batches", batches)
            patch.setattr(Phase, "__call__", counted)
            patch.setattr(examine, "build_evaluators", watched)
            patch.setattr(identify, "build_method", lambda config, plan: self.method(config))
            patch.setattr(devices, "Devices", lambda number: self._devices(config))
            patch.setattr(finish, "summarise_run", summarised)
            for module in (phases, summary):
                patch.setattr(module, "phase_flops", flops)
            if not report:
                patch.setattr(finish, "publish_report", lambda *arguments: None)
            return run_sequence(config, self._stream, workdir, **options)


@pytest.fixture(scope="session")
def run_of() -> Callable[[Config, TaskStream], Runs]:
    """Makes a function that runs or resumes in a folder, see `Runs`."""
    return Runs


@pytest.fixture(scope="session")
def number() -> Callable[[int], dict[str, np.ndarray]]:
    """Makes a small state that can be told from others."""
    weights = np.arange(6, dtype=np.float32)
    return lambda value: {"weights": weights, "count": np.array([value], np.int32)}


@pytest.fixture(scope="session")
def disk_full() -> Callable[..., None]:
    """In place of a function that writes: there is no room."""

    def refuse(*arguments: Any, **options: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    return refuse


@pytest.fixture(scope="session")
def written(number, tmp_path_factory) -> Path:
    """Checkpoints of steps 1 and 2; copy before you touch them."""
    directory = tmp_path_factory.mktemp("written")
    for steps in (1, 2):
        write_checkpoint(directory, steps, number(steps), {"task": steps}, {"seed": 0})
    return directory


@pytest.fixture
def directory(written, tmp_path) -> Path:
    """A copy of `written`."""
    return shutil.copytree(written, tmp_path / "checkpoints")


@pytest.fixture(scope="session")
def config(tiny_config):
    codec = dataclasses.replace(tiny_config.codec, first_steps=30, steps=5)
    return dataclasses.replace(tiny_config, codec=codec)


@pytest.fixture(scope="session")
def run(run_of, config, tiny_stream):
    return run_of(config, tiny_stream)


@pytest.fixture(scope="session")
def undisturbed(run, tmp_path_factory):
    """The folder of a run that was left alone."""
    workdir = tmp_path_factory.mktemp("undisturbed") / "run"
    run(workdir)
    return workdir


@pytest.fixture
def interrupted(run, tmp_path):
    """The folder of a run that stopped in the replay of task 0."""
    workdir = tmp_path / "run"
    with pytest.raises(Interrupted):
        run(workdir, ((0, "replay", 1), terminate))
    return workdir
