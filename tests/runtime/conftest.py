"""Runs that can be interrupted anywhere and resumed in the same process."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from braincl_jax.build import build_method
from braincl_jax.evaluators import Exam
from braincl_jax.pipeline import Phase
from braincl_jax.runtime import finish, learn, loop
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.examine import Examiner
from braincl_jax.runtime.loop import run_sequence


@pytest.fixture(scope="session")
def run_of() -> Callable[..., Callable[..., dict]]:
    """Makes a function that runs or resumes in a folder; it compiles each step once, however many runs there are.

    `wrap` gets each phase and gives one to run in its place; `watch` gets the state before each examination. The
    `at` of the function names a place (task, stage, step) and what happens there: just before that step, or, in an
    examination, just before the evaluator of that number.
    """

    def make(
        default,
        stream,
        wrap: Callable[[Phase], Phase] = lambda phase: phase,
        watch: Callable[[Any], None] = lambda state: None,
    ) -> Callable[..., dict]:
        @functools.cache
        def method_of(config, plan_key):
            method = build_method(config, stream.spec)
            phases = tuple(wrap(phase) for phase in method.phases(stream))
            object.__setattr__(method, "phases", lambda stream: phases)
            return method

        class Compiled(Devices):
            @functools.cache
            def _compiled(self, step):
                return Devices.map_step(self, step)

            def map_step(self, step):
                # The phase of a run calls its `at`; what is compiled is the same in all of them.
                return self._compiled(getattr(step, "original", step))

        devices_of = functools.cache(Compiled)
        examiner_of = functools.cache(
            lambda method, devices: original_build(method, stream, devices)
        )
        original_build = Examiner.build

        def run(
            workdir: Path,
            at: tuple[tuple[int, str, int], Callable[[], None]] | None = None,
            config=default,
            **options,
        ) -> dict:
            def happens(task: int, stage: str, step: int) -> None:
                if at is not None and at[0] == (task, stage, step):
                    at[1]()

            class Watched(Phase):
                original: Phase

            def watched(phase: Phase) -> Phase:
                def batch_at(task: int, step: int):
                    happens(task, phase.name, step)
                    return phase.batch_at(task, step)

                fields = {f.name: getattr(phase, f.name) for f in dataclasses.fields(phase)}
                copy = Watched(**fields | {"batch_at": batch_at})
                object.__setattr__(copy, "original", phase)
                return copy

            def watched_learn(state, cursor, phases, evaluators, *rest):
                def looked(index: int, evaluator):
                    class Looked(type(evaluator)):
                        def run(self, exam: Exam):
                            happens(exam.task, self.when, places[id(self)])
                            return super().run(exam)

                    copy = Looked()
                    moment = [one for one in evaluators.values() if one.when == evaluator.when]
                    places[id(copy)] = moment.index(evaluator)
                    return copy

                places: dict[int, int] = {}
                wrapped = {name: looked(i, e) for i, (name, e) in enumerate(evaluators.items())}
                return original_learn(state, cursor, [*map(watched, phases)], wrapped, *rest)

            def watched_examine(state, *rest):
                watch(state)
                return original_examine(state, *rest)

            original_learn, original_examine = loop.learn_tasks, learn.examine
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(loop, "learn_tasks", watched_learn)
                patch.setattr(learn, "examine", watched_examine)
                patch.setattr(loop, "Devices", devices_of)
                patch.setattr(loop, "build_method", lambda config, plan: method_of(config, None))
                patch.setattr(
                    loop.Examiner,
                    "build",
                    lambda method, stream, devices: examiner_of(method, devices),
                )
                patch.setattr(finish, "write_report", lambda *arguments: None)  # takes long
                return run_sequence(config, stream, workdir, **options)

        return run

    return make
