"""Divergence: a run whose numbers have left the floats ends before anything of them is saved."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.pipeline import Phase
from braincl_jax.runtime.devices import Devices
from braincl_jax.state import BrainState


class DivergedError(ArithmeticError):
    """Training left the finite numbers; the message says where, and which settings to lower.

    Attributes:
        task: of the run.
        phase: its name.
        step: steps done in the phase, the one that is told of included.
        metric: the one that is not finite, or the path of such weights in the state.
    """

    def __init__(self, phase: Phase, task: int, step: int, metric: str, value: float) -> None:
        """Gets the phase, whose `driven_by` says what to lower, and a value that is not finite."""
        self.task, self.phase, self.step, self.metric = task, phase.name, step, metric
        cure = f"lower {' or '.join(phase.driven_by)}" if phase.driven_by else "lower its step size"
        super().__init__(
            f"training diverged in task {task}, phase {phase.name!r}, step {step}: {metric} is {value}. Nothing of it "
            f"was saved, and checkpoints from before are kept: {cure}, in another --workdir, which may begin with the "
            "newest of them by --fork_from"
        )


def require_finite_metrics(
    read: Sequence[Mapping[str, Any]], phase: Phase, task: int, done: int
) -> None:
    """Raises `DivergedError` for the first scalar metric that is not finite.

    Args:
        read: metrics of consecutive steps.
        phase: that they are of.
        task: in which it ran.
        done: steps done in the phase, those included.
    """
    for step, metrics in enumerate(read, done - len(read) + 1):
        for name, value in metrics.items():
            if np.ndim(value) == 0 and not math.isfinite(value):
                raise DivergedError(phase, task, step, name, float(value))


def require_finite_weights(
    state: BrainState, devices: Devices, phase: Phase, task: int, done: int
) -> None:
    """Raises `DivergedError` if weights of network or codec are not finite.

    The metrics of a step are of the weights before it: those of a phase's last step say nothing of what it left.

    Args:
        state: after `done` steps of `phase`.
        devices: where it is.
        phase: that made it.
        task: in which it ran.
        done: steps done in the phase.
    """
    trained = {"encoder": state.encoder, "working": state.memory.working}
    leaves = [
        (path, leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(trained)
        if jnp.issubdtype(leaf.dtype, jnp.floating)
    ]
    for (path, _), leaf in zip(leaves, devices.fetch([leaf for _, leaf in leaves]), strict=True):
        if not np.isfinite(leaf).all():
            name = jax.tree_util.keystr(path, simple=True, separator="/")
            raise DivergedError(phase, task, done, name, float(leaf[~np.isfinite(leaf)].flat[0]))
