"""What a method is: a memory, phases, an objective, and whatever state it keeps for itself.

A method of your own is a settings class derived from `Method` (or from one of ours), in a module of your own that
`config.plugins` names. Override what differs; everything else has a default.
"""

import abc
import functools
from pathlib import Path

import optax

from braincl_jax.data import TaskStream
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.parts import MemoryLayout, Parts
from braincl_jax.pipeline import Notes, Phase
from braincl_jax.settings import given, settings
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Metrics, PyTree, Shown


@settings()
class Method(abc.ABC):
    """A learner; its fields, but for `parts`, are its settings.

    Attributes:
        parts: what all methods share.
    """

    parts: Parts = given()

    @functools.cached_property
    def layout(self) -> MemoryLayout:
        """The method's memory: every method says what it is, once (hence a cached property)."""
        raise TypeError(f"{type(self).__name__} must define the property `layout`, its memory")

    @abc.abstractmethod
    def phases(self, stream: TaskStream) -> tuple[Phase, ...]:
        """What is done with every task, in order; see `pipeline`."""

    def init(self, key: Array) -> PyTree:
        """The method's own part of the state, `state.own`: arrays of fixed shape, or None."""
        del key

    def objective(
        self, params: PyTree, shown: Shown, state: BrainState, axis_name: str | None
    ) -> tuple[Array, tuple[PyTree, Metrics]]:
        """What a step of replay minimises, in the mean: by default the cross-entropy among all classes seen.

        Args:
            params: {"backbone", "head"}, with respect to which it is differentiated.
            shown: recalled, varied images.
            state: everything else, before the step.
            axis_name: of the devices over which BatchNorm takes its statistics.

        Returns:
            losses float32 [B], one for each example, and (BatchNorm statistics, metrics by name: float32 scalars).
        """
        logits, batch_stats = self.logits_of(params, shown, state, axis_name)
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, shown.label)
        return losses, (batch_stats, {"accuracy": (logits.argmax(-1) == shown.label).mean()})

    def logits_of(
        self, params: PyTree, shown: Shown, state: BrainState, axis_name: str | None
    ) -> tuple[Array, PyTree]:
        """What the network answers in a step of replay; arguments as of `objective`.

        Returns:
            logits float32 [B, K], masked for classes that are not seen yet, and the moved BatchNorm statistics.
        """
        return self.parts.network.predict(
            params,
            state.encoder.batch_stats,
            state.consolidation.seen_classes,
            shown.image,
            train=True,
            axis_name=axis_name,
        )

    def after_update(self, state: BrainState) -> BrainState:
        """The state after each step of replay, such as with a head whose weights are kept at 0 or above."""
        return state

    def evaluated(self, state: BrainState) -> tuple[PyTree, PyTree]:
        """Parameters and BatchNorm statistics of the network that is evaluated: the slow ones, if there are any."""
        return state.encoder.evaluated

    def predict(self, state: BrainState, images: Array) -> Array:
        """uint8 [B, H, W, C] -> logits float32 [B, K]: what is evaluated."""
        params, batch_stats = self.evaluated(state)
        logits, _ = self.parts.network.predict(
            params, batch_stats, state.consolidation.seen_classes, images
        )
        return logits

    def features(self, state: BrainState, images: Array) -> Array:
        """uint8 [B, H, W, C] -> features float32 [B, F] of the network that is evaluated: what its head sees."""
        features, _ = self.parts.network.features(*self.evaluated(state), images)
        return features

    def kept(self, state: BrainState) -> dict[str, PyTree]:
        """What it keeps from task to task beside its memory, by row of the bill: `state.own` as a whole by default."""
        return {"own": state.own}

    def bill(self, state: BrainState) -> dict[str, int]:
        """Bytes kept from task to task, by row: of the memory, `kept`, slow weights, and what is kept outside."""
        beside = self.kept(state) | {"slow_weights": state.encoder.slow}
        rows = {name: tree_bytes(tree) for name, tree in beside.items()}
        rows = {name: size for name, size in rows.items() if size}
        return self.layout.bill(state.memory) | rows | self.kept_outside(int(state.progress.task))

    def kept_outside(self, task: int) -> dict[str, int]:
        """Bytes kept after a task that are not in the state, by row, such as those of a data set; by default none."""
        del task
        return {}

    def caches(self, state: BrainState) -> dict[str, int]:
        """Bytes kept for speed alone, by row: all that they hold follows from what is on the bill. By default none."""
        del state
        return {}

    def num_stored(self, state: BrainState) -> int:
        """Images that are remembered: by default, cues or exemplars in long-term memory."""
        return self.layout.num_stored(state.memory)

    def export(self, folder: Path, state: BrainState, stream: TaskStream, notes: Notes) -> None:
        """Writes files of its own beside the summary when the run has ended; impure, in the first process only.

        Args:
            folder: the work directory.
            state: one device's state.
            stream: the tasks.
            notes: what phases have noted.
        """
        del folder, state, stream, notes
