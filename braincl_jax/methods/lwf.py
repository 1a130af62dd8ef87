"""Learning without Forgetting (Li & Hoiem 2016, arXiv 1606.09282): nothing is kept but the last network."""

import jax.numpy as jnp
import optax

from braincl_jax.methods.finetune import Finetune
from braincl_jax.methods.taught import Taught
from braincl_jax.networks.network import MASKED_LOGIT
from braincl_jax.registry import METHODS
from braincl_jax.settings import at_least, one_of, positive, settings
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Metrics, PyTree, Shown


@METHODS.register("lwf")
@settings()
class LwF(Taught, Finetune):
    """Cross-entropy on the task's images, and on the same images the answers of the last network for older classes.

    Figure 3 and equations 1 to 4 of the paper: L_new + strength * L_old, where L_old is the cross-entropy of the
    softened answers of both networks. It was defined with a head for each task; here all tasks have one head, L_old is
    over all classes of the tasks before, and answers are among all classes seen. The paper's warm-up of the new part of
    the head is the day, where there is one that lasts (`wake.epochs`, `wake.lasting`). No images are kept: the memory
    is empty, and the teacher is the bill.

    Attributes:
        strength: lambda_o, the weight of what is old.
        temperature: T of both softmaxes.
        among: L_new is the cross-entropy among the classes of the "task", as in the paper, or among all "seen" ones.
    """

    strength: float = at_least(0, default=1.0)
    temperature: float = positive(default=2.0)
    among: str = one_of(("task", "seen"), default="task")

    def objective(
        self, params: PyTree, shown: Shown, state: BrainState, axis_name: str | None
    ) -> tuple[Array, tuple[PyTree, Metrics]]:
        logits, batch_stats = self.logits_of(params, shown, state, axis_name)
        old = self.distilled(logits, shown, state, self.temperature)
        own = self.parts.spec.are_of(state.progress.task) | (self.among == "seen")
        new = optax.softmax_cross_entropy_with_integer_labels(
            jnp.where(own[None], logits, MASKED_LOGIT), shown.label
        )
        accuracy = (logits.argmax(-1) == shown.label).mean()
        return new + self.strength * old, (
            batch_stats,
            {"accuracy": accuracy, "distillation": old.mean()},
        )
