"""A run from its work directory, without its data set: what it predicts and what it remembers."""

import dataclasses
import functools
import logging
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
from numpy.typing import NDArray

from braincl_jax.build import build_method, init_brain
from braincl_jax.config import Config
from braincl_jax.memory.recall import recall_slots
from braincl_jax.methods import Method
from braincl_jax.parts import compiled_recall
from braincl_jax.plan import Plan
from braincl_jax.registry import brought_from_outside, import_plugins
from braincl_jax.runtime.checkpoint import load_newest
from braincl_jax.runtime.examine import padded_batches
from braincl_jax.runtime.record import read_record
from braincl_jax.runtime.workdir import CHECKPOINTS, CONFIG
from braincl_jax.state import BrainState, without_prefetched

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """What a run has learned, up to its newest checkpoint.

    Attributes:
        config: the settings.
        plan: what they came to: sizes, class order, budget.
        method: the learner.
        state: one device's state.
    """

    config: Config
    plan: Plan
    method: Method
    state: BrainState

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each label, in the order of the logits."""
        return self.plan.class_names

    @functools.cached_property
    def labels(self) -> NDArray[np.int32]:
        """int32 [S]: label of each slot of long-term memory; -1 where nothing is stored."""
        index = self.method.layout.index(self.state.memory)
        return np.where(index.stored, index.label, -1)

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits float32 [N, K] of images uint8 [N, H, W, C]; those of classes not yet seen are out of play.

        Images are of the size that is remembered, of which the network may see the middle alone, or of the size that
        it sees.

        Raises:
            ValueError: the images are of another shape or dtype.
        """
        whole = self.plan.spec.image_shape
        possible = dict.fromkeys((whole, self.method.parts.network.seen_shape(whole)))
        if images.dtype != np.uint8 or images.shape[1:] not in possible or not len(images):
            known = (f"uint8 [N, {', '.join(map(str, shape))}]" for shape in possible)
            raise ValueError(
                f"images are {images.dtype} {list(images.shape)}; this run knows {' and '.join(known)}"
            )
        batches = padded_batches(images, self.config.eval_batch_size, (0, 1))
        logits = [np.asarray(self._predict(self.state, batch.image)) for batch in batches]
        return np.concatenate(logits)[: len(images)]

    def recall(self, slots: Sequence[int]) -> NDArray[np.uint8]:
        """What is recalled from slots of long-term memory: uint8 [n, H, W, C], in their order.

        Raises:
            ValueError: nothing is stored there.
            CorruptMemoryError: a stored string is damaged.
        """
        wanted = np.asarray(slots, np.int64)
        stored = len(self.labels)
        for slot in wanted.tolist():
            if not 0 <= slot < stored or self.labels[slot] < 0:
                raise ValueError(
                    f"slot {slot}: nothing is stored there; {(self.labels >= 0).sum()} slots are in use"
                )
        recalled = functools.partial(compiled_recall, self.method.layout)
        tasks = np.asarray(self.method.layout.index(self.state.memory).task)[wanted]
        images = np.empty((len(wanted), *self.plan.spec.image_shape), np.uint8)
        for task in np.unique(tasks).tolist():
            of_task = tasks == task
            images[of_task] = recall_slots(recalled, self.state.memory, task, wanted[of_task])
        return images

    @functools.cached_property
    def _predict(self):
        return jax.jit(self.method.predict)


def load_run(workdir: str | Path) -> Run:
    """The run in a work directory, finished or not; its plugins are imported, its data set is not needed.

    Raises:
        ValueError: there is no run, or none with a checkpoint.
        DamagedError: no checkpoint is intact.
    """
    workdir = Path(workdir)
    record = read_record(workdir / CONFIG)
    plugins = import_plugins(record.config.plugins) | brought_from_outside(record.config)
    changed = [name for name, digest in plugins.items() if record.plan.plugins.get(name) != digest]
    if changed:
        _LOG.warning(
            "%s: %s changed since the run began; what it predicts now is of other code",
            workdir,
            ", ".join(changed),
        )
    method = build_method(record.config, record.plan)
    abstract = jax.eval_shape(
        lambda key: without_prefetched(init_brain(method, key)), jax.random.key(0)
    )
    checkpoint = load_newest(workdir / CHECKPOINTS, abstract)
    if checkpoint is None:
        raise ValueError(f"the run in {workdir} has no checkpoint yet")
    return Run(record.config, record.plan, method, jax.device_put(checkpoint.state))
