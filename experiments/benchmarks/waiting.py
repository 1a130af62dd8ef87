"""How long steps that take images wait for them: those of a phase with a batch at hand, and with batches read ahead."""

import time
from collections.abc import Callable
from typing import Any

import jax

from braincl_jax.build import build_method, build_plan, build_stream, init_brain
from braincl_jax.config import Config
from braincl_jax.phases import build_phases
from braincl_jax.pipeline import Phase
from braincl_jax.state import BrainState

PHASES = ("encode", "classify")


def waits(config: Config, steps: int) -> dict[str, dict[str, float]]:
    """For the first steps of each of `PHASES` of the first task, see `measure`.

    Args:
        config: of a run with the method `braincl`; one device does all of it.
        steps: of each phase, at most as many as it has.
    """
    stream = build_stream(config)
    method = build_method(config, build_plan(config, stream))
    phases = {phase.name: phase for phase in build_phases(method, stream)}
    state = init_brain(method, jax.random.key(config.seed))
    state, _ = jax.jit(phases["start"])(state, None)
    found = {}
    for name in PHASES:
        state, found[name] = measure(state, phases[name], steps)
    return found


def measure(state: BrainState, phase: Phase, steps: int) -> tuple[BrainState, dict[str, float]]:
    """The state afterwards, and milliseconds a step.

    `reading_ms`: a batch is read, and no step is done. `step_ms`: steps with a batch at hand, and nothing is read.
    `beside_ms`: steps while the batches of the next ones are read ahead, as in a run. `waiting_ms`: what such a step
    then waits for its batch; every step is waited for before the next batch is, so what is read behind a step does not
    count. `waiting_share`: of the time of waiting and steps; `reading_share`: what all of it would be shorter by if
    batches came for nothing, which on a CPU is what the readers take of the cores.
    """
    step = jax.jit(phase, donate_argnums=0)
    at_hand = phase.batch_at(0, 0)
    state, _ = jax.block_until_ready(step(state, at_hand))

    def once() -> None:
        nonlocal state
        state, _ = jax.block_until_ready(step(state, at_hand))

    reading = _milliseconds(lambda number: phase.batch_at(0, number), steps)
    alone = _milliseconds(lambda number: once(), steps)
    waiting = beside = 0.0
    batches = iter(phase.batches(0))
    for _ in range(steps):
        began = time.perf_counter()
        batch = next(batches)
        came = time.perf_counter()
        state, _ = jax.block_until_ready(step(state, batch))
        waiting, beside = waiting + came - began, beside + time.perf_counter() - came
    del batches
    return state, {
        "reading_ms": reading,
        "step_ms": alone,
        "beside_ms": 1e3 * beside / steps,
        "waiting_ms": 1e3 * waiting / steps,
        "waiting_share": waiting / (waiting + beside),
        "reading_share": 1 - alone / (1e3 * (waiting + beside) / steps),
    }


def _milliseconds(thing: Callable[[int], Any], times: int) -> float:
    began = time.perf_counter()
    for number in range(times):
        thing(number)
    return 1e3 * (time.perf_counter() - began) / times
