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
    state = jax.jit(lambda key: init_brain(method, key))(jax.random.key(config.seed))
    state, _ = jax.jit(phases["start"])(state, None)
    found = {}
    for name in PHASES:
        state, found[name] = measure(state, phases[name], steps)
    return found


def measure(state: BrainState, phase: Phase, steps: int) -> tuple[BrainState, dict[str, float]]:
    """The state afterwards, and figures of a step.

    Returns:
        `reading_cpu_ms` and `step_cpu_ms`: milliseconds of all cores that its batch takes to be read, and the step with
        a batch at hand; other work on the machine matters little. `reading_share`: of both together, the reading;
        where steps are done by the cores that read, it is the time that is lost.
        `waiting_ms` and `beside_ms`: what a step waits for its batch while others are read ahead, as in a run, and then
        takes; every step is waited for before the next batch is. `waiting_share`: of both together, the waiting.
    """
    step = jax.jit(phase, donate_argnums=0)
    at_hand = phase.batch_at(0, 0)
    state, _ = jax.block_until_ready(step(state, at_hand))

    def once() -> None:
        nonlocal state
        state, _ = jax.block_until_ready(step(state, at_hand))

    reading = _cpu_seconds(lambda number: phase.batch_at(0, number), steps)
    alone = _cpu_seconds(lambda number: once(), steps)
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
        "reading_cpu_ms": 1e3 * reading / steps,
        "step_cpu_ms": 1e3 * alone / steps,
        "reading_share": reading / (reading + alone),
        "waiting_ms": 1e3 * waiting / steps,
        "beside_ms": 1e3 * beside / steps,
        "waiting_share": waiting / (waiting + beside),
    }


def _cpu_seconds(thing: Callable[[int], Any], times: int) -> float:
    began = time.process_time()
    for number in range(times):
        thing(number)
    return time.process_time() - began
