"""Waking up to a new task: its classes count as seen, and working memory is opened."""

from braincl_jax.parts import MemoryLayout, Parts
from braincl_jax.state import BrainState
from braincl_jax.types import Metrics, Now


def start_step(
    state: BrainState,
    batch: None,
    now: Now,
    axis_name: str | None = None,
    *,
    parts: Parts,
    layout: MemoryLayout,
) -> tuple[BrainState, Metrics]:
    """Moves on to the next task. Run once per task; `batch` is None.

    The head is as wide as the last task needs, so that seeing more classes changes a mask and no shape.
    """
    del batch, now, axis_name
    task = state.progress.task + 1
    seen = state.consolidation.seen_classes | parts.spec.are_of(task)
    encoder = state.encoder
    return (
        state.replace(
            encoder=encoder.replace(
                wake_opt=parts.wake_optimiser.init(encoder.params["head"]),
                morning=None if encoder.morning is None else encoder.heads,
            ),
            memory=layout.open_working(state.memory, task, state.key),
            consolidation=state.consolidation.replace(seen_classes=seen),
            progress=state.progress.replace(task=task),
        ),
        {},
    )
