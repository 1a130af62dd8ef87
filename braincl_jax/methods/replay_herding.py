"""Replay of herded exemplars, as in iCaRL (Rebuffi et al. 2017, arXiv 1611.07725): each stands for its class."""

import dataclasses
import functools

import jax
import numpy as np

from braincl_jax import pipeline
from braincl_jax.data import TaskStream
from braincl_jax.memory.herding import HerdingLayout
from braincl_jax.memory.places import ExemplarPlaces
from braincl_jax.memory.working import EMPTY
from braincl_jax.methods.replay_raw_and_task import ReplayRawAndTask
from braincl_jax.pipeline import Phase
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings
from braincl_jax.sleep import choose_step, keep_step, look_step
from braincl_jax.types import Step


@METHODS.register("replay_herding")
@settings()
class ReplayHerding(ReplayRawAndTask):
    """As `replay_raw_and_task`, but exemplars are chosen when the night has ended, by the features that it has taught.

    Two passes over the task follow the night: one for the features, by the weights that are evaluated, and one to keep
    the images that were chosen. An exemplar has the rank in which it was chosen, and those of the highest ranks go
    first.
    """

    @functools.cached_property
    def layout(self) -> HerdingLayout:
        network, shape = self.parts.network, self.parts.spec.image_shape
        params, _ = jax.eval_shape(lambda key: network.init(key, shape), jax.random.key(0))
        num_features = params["head"]["kernel"].shape[0]
        return HerdingLayout(self.parts.spec, self.capacity, num_features)

    def keep(self, stream: TaskStream, places: ExemplarPlaces) -> tuple[Phase, ...]:
        look = pipeline.memorise(
            functools.partial(look_step, features_of=self.features), self.parts, stream
        )
        keep = pipeline.memorise(keep_step, self.parts, stream)
        return (
            dataclasses.replace(look, name="look", asleep=True),
            Phase("choose", self.choose(places), asleep=True),
            dataclasses.replace(keep, name="keep", asleep=True),
        )

    def choose(self, places: ExemplarPlaces) -> Step:
        """Its step, which knows the places of all tasks: they follow from labels."""
        spec = self.parts.spec
        written = [places.written(task) for task in range(spec.num_tasks)]
        label = [_filled_up(one.label, self.capacity, spec.num_classes) for one in written]
        slot = [_filled_up(one.slot, self.capacity, EMPTY) for one in written]
        return functools.partial(choose_step, label=np.stack(label), slot=np.stack(slot))


def _filled_up(array: np.ndarray, size: int, value: int) -> np.ndarray:
    return np.pad(array, (0, size - len(array)), constant_values=value)
