"""Runs that can be interrupted anywhere and resumed in the same process."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import pytest

from braincl_jax.build import build_parts
from braincl_jax.runtime import loop
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.loop import run_sequence
from braincl_jax.types import Step


@pytest.fixture(scope="session")
def run_of() -> Callable[..., Callable[..., dict]]:
    """Makes a function that runs or resumes in a folder; it compiles each step once, however many runs there are.

    `wrap` gets each step and gives one to run in its place; `watch` gets the state before each evaluation. The
    `at` of the function names a place and what happens there: just before its step, or, in an evaluation, just
    before the test images of a task.
    """

    def make(
        default,
        stream,
        wrap: Callable[[Step], Step] = lambda step: step,
        watch: Callable[[Any], None] = lambda state: None,
    ) -> Callable[..., dict]:
        parts_of = functools.cache(lambda config: build_parts(config, stream.spec))
        wrapped = functools.cache(wrap)

        class Compiled(Devices):
            map_step = functools.cache(Devices.map_step)
            map_reader = functools.cache(Devices.map_reader)
            compile = functools.cache(Devices.compile)

        devices_of = functools.cache(Compiled)

        def run(
            workdir: Path,
            at: tuple[tuple[int, str, int], Callable[[], None]] | None = None,
            config=default,
            **options,
        ) -> dict:
            def happens(task: int, phase: str, step: int) -> None:
                if at is not None and at[0] == (task, phase, step):
                    at[1]()

            def watched_phases(*arguments):
                def watched(phase):
                    def batch_at(task: int, step: int):
                        happens(task, phase.name, step)
                        return phase.batch_at(task, step)

                    return phase._replace(batch_at=batch_at, step=wrapped(phase.step))

                return tuple(watched(phase) for phase in original_phases(*arguments))

            def watched_accuracy(count, state, stream, seen, config):
                if seen == 0:
                    watch(state)
                happens(int(jax.device_get(state.progress.task)[0]), "evaluate", seen)
                return original_accuracy(count, state, stream, seen, config)

            original_phases, original_accuracy = loop.phases, loop.accuracy_on
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(loop, "phases", watched_phases)
                patch.setattr(loop, "accuracy_on", watched_accuracy)
                patch.setattr(loop, "Devices", devices_of)
                patch.setattr(loop, "write_report", lambda *arguments: None)  # takes long
                return run_sequence(
                    config,
                    stream,
                    workdir,
                    make_parts=lambda config, _: parts_of(config),
                    **options,
                )

        return run

    return make
