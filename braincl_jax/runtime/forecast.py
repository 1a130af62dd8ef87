"""A forecast: what a run will take, from shapes and compiled programs; nothing is trained, written or made in full."""

import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from braincl_jax.build import brain_shapes, build_method, build_plan
from braincl_jax.config import Config
from braincl_jax.data import TaskStream
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.shares import full_rows, task_shares
from braincl_jax.methods import Method
from braincl_jax.phases import batch_shapes, build_phases, phase_flops
from braincl_jax.pipeline import Phase
from braincl_jax.report.forecast import Forecast, PhaseForecast, TaskForecast
from braincl_jax.runtime.devices import Devices, require_even_batches
from braincl_jax.state import BrainState

# It is compiled to be measured and not to be run.
QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


def forecast(config: Config, stream: TaskStream, *, compiled: bool = True) -> Forecast:
    """What a run of `config` on `stream` will take; seconds, of which compiling takes most.

    Args:
        config: the settings.
        stream: the tasks; a batch of images is read for each phase that has any.
        compiled: whether to compile what trains, for its memory.

    Raises:
        ValueError: the settings do not fit the stream or the devices, as when the run would begin.
    """
    devices = Devices(config.num_devices)
    require_even_batches(config, len(devices))
    plan = build_plan(config, stream)
    method = build_method(config, plan)
    state = brain_shapes(method)
    phases = foresee_phases(
        build_phases(method, stream),
        phase_flops(method, stream, state),
        state,
        plan.spec.num_tasks,
        compiled=compiled,
    )
    rows = state_rows(state)
    available = device_memory()
    needed = needed_bytes(rows["total"], phases, len(devices), shared=_on_cpu())
    height, width, channels = plan.spec.image_shape
    return Forecast(
        method=config.method,
        dataset=config.dataset,
        image_shape=plan.spec.image_shape,
        network_shape=method.parts.network.seen_shape(plan.spec.image_shape),
        tasks=foresee_tasks(method, stream),
        latent_channels=plan.latent_channels if isinstance(method.layout, CueLayout) else None,
        budget_bytes=plan.budget_bytes,
        raw_bytes=plan.spec.num_images * height * width * channels,
        parameters=parameter_rows(method, state),
        state_bytes=rows,
        memory_bytes=memory_rows(method, state),
        checkpoint_bytes=checkpoint_rows(rows),
        phases=phases,
        device=devices.description,
        device_bytes=available,
        needed_bytes=needed,
        warnings=warnings_of(needed, available),
    )


def foresee_tasks(method: Method, stream: TaskStream) -> tuple[TaskForecast, ...]:
    """The tasks, with what each may take of the budget where cues share it."""
    spec, layout = stream.spec, method.layout
    shares = task_shares(layout) if isinstance(layout, CueLayout) else [None] * spec.num_tasks
    columns = zip(spec.task_classes, spec.task_sizes, stream.test_sizes, shares, strict=True)
    return tuple(
        TaskForecast(tuple(stream.class_names[one] for one in classes), train, test, share)
        for classes, train, test, share in columns
    )


def parameter_rows(method: Method, state: BrainState) -> dict[str, int]:
    """Numbers in the network and, where there is one, in the codec; `state` may be of shapes."""
    rows = {name: numbers(params) for name, params in state.encoder.params.items()}
    if isinstance(method.layout, CueLayout):
        codec = jax.eval_shape(method.layout.codec.init, jax.random.key(0))
        rows |= {f"codec {name}": numbers(params) for name, params in codec.items()}
    return rows


def state_rows(state: BrainState) -> dict[str, int]:
    """Bytes of a state, or of its shapes, by part; "total" is all of it."""
    encoder, memory = state.encoder, state.memory
    parts = {
        "network": (encoder.params, encoder.batch_stats),
        "optimisers": (encoder.wake_opt, encoder.sleep_opt),
        "slow weights": encoder.slow,
        "heads of the morning": encoder.morning,
        "working memory": memory.working,
        "long-term memory": memory.long_term,
        "prefetched": memory.prefetched,
        "of the method": state.own,
    }
    rows = {name: tree_bytes(part) for name, part in parts.items()}
    rows["counters"] = tree_bytes((state.consolidation, state.progress))
    rows = {name: size for name, size in rows.items() if size}
    return rows | {"total": sum(rows.values())}


def memory_rows(method: Method, state: BrainState) -> dict[str, int]:
    """Bytes of long-term memory when it is full, and of what is kept outside the state; `state` may be of shapes."""
    if isinstance(method.layout, CueLayout):
        rows = full_rows(method.layout.format)
    else:
        rows = {"all": tree_bytes(state.memory.long_term)}
    rows |= method.kept_outside(method.parts.spec.num_tasks - 1)
    return rows | {"total": sum(rows.values())}


def checkpoint_rows(state: Mapping[str, int]) -> dict[str, int]:
    """Bytes of checkpoints by when they are made, of those of a state: what is prefetched or empty is left out.

    Between tasks working memory is empty, and no more than a few numbers are stored of it.
    """
    within = state["total"] - state.get("prefetched", 0)
    return {"between tasks": within - state.get("working memory", 0), "within a task": within}


def foresee_phases(
    phases: tuple[Phase, ...],
    flops: Mapping[str, int],
    state: BrainState,
    num_tasks: int,
    *,
    compiled: bool,
) -> tuple[PhaseForecast, ...]:
    """The phases; of those that train, the compiler tells the memory.

    Args:
        phases: of the method.
        flops: operations of a step of each.
        state: shapes and dtypes.
        num_tasks: T.
        compiled: whether they are compiled.
    """
    steps = {one.name: tuple(map(one.num_steps, range(num_tasks))) for one in phases}
    with ThreadPoolExecutor() as threads:
        programs = {
            phase.name: threads.submit(bytes_beside, phase, state)
            for phase in phases
            if compiled and phase.counts_as and any(steps[phase.name])
        }
    beside = {name: program.result() for name, program in programs.items()}
    return tuple(
        PhaseForecast(
            name=one.name,
            steps=steps[one.name],
            examples=one.examples,
            flops=flops[one.name],
            step_bytes=beside.get(one.name),
        )
        for one in phases
    )


def bytes_beside(phase: Phase, state: BrainState) -> int | None:
    """Bytes that a step needs beside the state; None where the backend does not say.

    The program is that of one device, which gets the whole batch; nothing is run.
    """
    lowered = jax.jit(phase, donate_argnums=0).lower(state, batch_shapes(phase))
    program = lowered.compile(compiler_options=QUICKLY if _on_cpu() else None)
    memory = program.memory_analysis()
    if memory is None:
        return None
    given = memory.argument_size_in_bytes + memory.output_size_in_bytes
    used = given + memory.temp_size_in_bytes - memory.alias_size_in_bytes
    return max(used - tree_bytes_of(state), 0)


def needed_bytes(
    state: int, phases: tuple[PhaseForecast, ...], num_devices: int, *, shared: bool
) -> int:
    """Bytes in use of a device's memory: a state and its share of the largest step.

    Args:
        state: bytes of a state.
        phases: with the bytes of their steps on one device.
        num_devices: that share the batch.
        shared: whether all devices share one memory, which then holds all of their states.
    """
    step = max((phase.step_bytes or 0 for phase in phases), default=0)
    return num_devices * state + step if shared else state + math.ceil(step / num_devices)


def warnings_of(needed: int, available: int | None) -> tuple[str, ...]:
    """What to do where a device's memory does not hold what a run needs."""
    if available is None or needed <= available:
        return ()
    return (
        f"{needed:,} bytes are needed and {available:,} are there: raise sleep.accumulate, or lower sleep.batch_size, "
        "eval_batch_size, the network's width, image_side or num_devices",
    )


def device_memory() -> int | None:
    """Bytes of the first device's memory; on a CPU, of the machine's."""
    stats = jax.local_devices()[0].memory_stats()
    if stats and "bytes_limit" in stats:
        return int(stats["bytes_limit"])
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if _on_cpu() else None
    except (ValueError, OSError):
        return None


def numbers(tree: Any) -> int:
    """How many numbers the arrays of a tree, or its shapes, hold."""
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(tree))


def tree_bytes_of(state: BrainState) -> int:
    """Bytes of all arrays of a state but its key."""
    return state_rows(state)["total"]


def _on_cpu() -> bool:
    return jax.default_backend() == "cpu"
