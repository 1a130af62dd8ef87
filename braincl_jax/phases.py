"""The phases of a run as it will be, and what a step of each costs."""

import jax

from braincl_jax.build import brain_shapes
from braincl_jax.caps import Cap, within
from braincl_jax.data import TaskStream
from braincl_jax.flops import flops_of
from braincl_jax.methods import Method
from braincl_jax.pipeline import Phase
from braincl_jax.state import BrainState
from braincl_jax.types import Batch


def build_phases(method: Method, stream: TaskStream) -> tuple[Phase, ...]:
    """What is done with every task: the phases of the method, shortened where its settings cap compute.

    Raises:
        ValueError: a cap is too small for a step in every night.
    """
    phases, config = method.phases(stream), method.parts.config
    flops = phase_flops(method, stream, brain_shapes(method)) if config.max_flops else {}
    examples = {phase.name: phase.examples for phase in phases}
    caps = (
        Cap("max_flops", config.max_flops, flops),
        Cap("max_examples", config.max_examples, examples),
    )
    return within(phases, stream.spec.num_tasks, caps)


def phase_flops(method: Method, stream: TaskStream, state: BrainState) -> dict[str, int]:
    """Floating-point operations of a step of each phase, see `flops`: of all devices together, from shapes alone.

    A batch of images is read for the shapes of each phase that has any; a few seconds are spent in tracing.

    Args:
        method: whose phases they are.
        stream: the tasks.
        state: one device's, or shapes and dtypes of it.
    """
    # Whole batches, whichever part of them this process hands in.
    phases = method.phases(stream.part(0, 1))
    return {phase.name: flops_of(phase, state, batch_shapes(phase)) for phase in phases}


def batch_shapes(phase: Phase) -> Batch | None:
    """Shapes and dtypes of what comes in with a step of a phase."""
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), phase.batch_at(0, 0)
    )
