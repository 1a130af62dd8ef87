"""What the methods share that keep raw images: exemplar replay, joint training, plain fine-tuning."""

import abc
import functools

from braincl_jax import pipeline
from braincl_jax.data import TaskStream
from braincl_jax.memory.exemplars import ExemplarLayout
from braincl_jax.methods.base import Method
from braincl_jax.pipeline import Phase
from braincl_jax.settings import settings
from braincl_jax.sleep.select_exemplars import select_exemplars_step
from braincl_jax.wake.memorise_images import memorise_images_step


@settings()
class ExemplarMethod(Method):
    """Raw images in place of cues; everything else is as in BrainCL."""

    @property
    @abc.abstractmethod
    def capacity(self) -> int:
        """How many images stay in long-term memory."""

    @property
    def keeps_task(self) -> bool:
        """Whether all images of the current task are at hand asleep, beside the exemplars and outside the budget."""
        return False

    @functools.cached_property
    def layout(self) -> ExemplarLayout:
        return ExemplarLayout(self.parts.spec, self.capacity, self.keeps_task)

    def phases(self, stream: TaskStream) -> tuple[Phase, ...]:
        parts, layout = self.parts, self.layout
        select = functools.partial(select_exemplars_step, parts=parts, layout=layout)
        return (
            pipeline.start(parts, layout),
            pipeline.memorise(memorise_images_step, parts, stream),
            pipeline.classify(parts, stream),
            pipeline.transfer(select),
            pipeline.replay(self),
        )
