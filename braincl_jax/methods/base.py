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
        logits, batch_stats = self.parts.network.predict(
            params,
            state.encoder.batch_stats,
            state.consolidation.seen_classes,
            shown.image,
            train=True,
            axis_name=axis_name,
        )
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, shown.label)
        return losses, (batch_stats, {"accuracy": (logits.argmax(-1) == shown.label).mean()})

    def after_update(self, state: BrainState) -> BrainState:
        """The state after each step of replay, such as with slow weights in `state.own` that follow the fast ones."""
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

    def bill(self, state: BrainState) -> dict[str, int]:
        """Bytes kept from task to task, by row; those of `state.own` and of slow weights are among them."""
        rows = {"own": tree_bytes(state.own), "slow_weights": tree_bytes(state.encoder.slow)}
        return self.layout.bill(state.memory) | {name: size for name, size in rows.items() if size}

    def export(self, folder: Path, state: BrainState, stream: TaskStream, notes: Notes) -> None:
        """Writes files of its own beside the summary when the run has ended; impure, in the first process only.

        Args:
            folder: the work directory.
            state: one device's state.
            stream: the tasks.
            notes: what phases have noted.
        """
        del folder, state, stream, notes
