"""BrainCL (arXiv 2504.14727): a cue for nearly every image, decoders that recall them, wake and sleep."""

import functools
import logging
from pathlib import Path

import numpy as np

from braincl_jax import pipeline
from braincl_jax.data import TaskStream
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.methods.base import Method
from braincl_jax.methods.export_cues import export_cues
from braincl_jax.pipeline import Notes, Phase
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings
from braincl_jax.sleep import transfer_step
from braincl_jax.state import BrainState
from braincl_jax.types import Metrics
from braincl_jax.wake import memorise_step

_LOG = logging.getLogger(__name__)


@METHODS.register("braincl")
@settings()
class BrainCL(Method):
    """Awake, images become cues; asleep, cues become strings within the budget, and what they recall is replayed."""

    @functools.cached_property
    def layout(self) -> CueLayout:
        return CueLayout.build(self.parts.config, self.parts.plan)

    def phases(self, stream: TaskStream) -> tuple[Phase, ...]:
        parts, layout = self.parts, self.layout
        return (
            pipeline.start(parts, layout),
            pipeline.encode(parts, layout, stream),
            pipeline.memorise(functools.partial(memorise_step, layout=layout), parts, stream),
            pipeline.classify(parts, layout, stream),
            self.transfer(),
            pipeline.replay(self),
        )

    def transfer(self) -> Phase:
        """From working memory to long-term memory."""
        step = functools.partial(transfer_step, parts=self.parts, layout=self.layout)
        return pipeline.transfer(step, after=self.note_sources)

    def note_sources(self, metrics: Metrics, task: int, notes: Notes) -> None:
        """Follows which image is behind each slot: `notes["sources"]`, int32 [n, 2] of task and image.

        Raises:
            ValueError: the budget policy kept more than there is room for; or no cue of any task is stored, so that
                there is nothing to replay.
        """
        parts, overspent = self.parts, int(metrics["overspent_bytes"])
        if overspent:
            raise ValueError(
                f"budget_policy={parts.config.budget_policy!r} kept {overspent} bytes more than "
                f"budget_bytes={parts.plan.budget_bytes} has room for after task {task}: its method `keep` must choose "
                "cues whose words add up to at most funds.total - (funds.task + 1) * funds.record"
            )
        before = notes.get("sources", np.zeros((0, 2), np.int32))
        sources = follow(before, np.asarray(metrics["origin"]), task)
        if int(metrics["stored"]) == 0:
            found = (
                f"no cue of task {task} fits into its share of the budget of {parts.plan.budget_bytes} bytes: raise it "
                "(budget_bytes or bytes_per_class), or train the codec longer (codec.first_steps, codec.steps) so that "
                "its strings get shorter"
            )
            if not len(sources):
                raise ValueError(found)
            # A night of older tasks alone is better than a run that ends after days.
            _LOG.warning("%s; the run goes on, and its classes are not replayed", found)
        notes["sources"] = sources

    def export(self, folder: Path, state: BrainState, stream: TaskStream, notes: Notes) -> None:
        """The memory as a file that other programs can read, the images behind its slots, and some recalls."""
        export_cues(folder, self.layout, state.memory, stream, notes["sources"])


def follow(sources: np.ndarray, origin: np.ndarray, task: int) -> np.ndarray:
    """Sources after a transfer, from those before it and its metric `origin` (see `transfer_step`)."""
    origin = origin[origin != -1]
    followed = np.stack([np.full_like(origin, task), origin], 1)
    kept = origin < 0
    followed[kept] = sources[-2 - origin[kept]]
    return followed
