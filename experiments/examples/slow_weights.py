"""A method: BrainCL whose slow weights, an average of the fast ones over the night, are what is evaluated.

The objective is another one, too: cross-entropy with smoothed labels (Szegedy et al. 2016, section 7).
"""

import jax
import jax.numpy as jnp
import optax

from braincl_jax import METHODS, BrainCL
from braincl_jax.settings import fraction, settings


@METHODS.register("slow_weights")
@settings()
class SlowWeights(BrainCL):
    """`decay` of the average for a step, once it has gone on for long, and `smoothing` of the labels."""

    decay: float = fraction(default=0.99)
    smoothing: float = fraction(default=0.1)

    def init(self, key):
        params, batch_stats = self.parts.network.init(key, self.parts.spec.image_shape)
        return {"params": params, "batch_stats": batch_stats, "steps": jnp.int32(0)}

    def objective(self, params, shown, state, axis_name):
        seen, batch_stats = state.consolidation.seen_classes, state.encoder.batch_stats
        logits, batch_stats = self.parts.network.predict(
            params, batch_stats, seen, shown.image, train=True, axis_name=axis_name
        )
        exact = jax.nn.one_hot(shown.label, len(seen))
        labels = (1 - self.smoothing) * exact + self.smoothing * (seen / seen.sum())[None]
        losses = optax.softmax_cross_entropy(logits, labels)
        return losses, (batch_stats, {"accuracy": (logits.argmax(-1) == shown.label).mean()})

    def after_update(self, state):
        steps = state.own["steps"]
        decay = jnp.minimum(self.decay, (1 + steps) / (10 + steps))
        fast = {"params": state.encoder.params, "batch_stats": state.encoder.batch_stats}
        slow = {name: state.own[name] for name in fast}
        slow = jax.tree.map(lambda s, f: decay * s + (1 - decay) * f, slow, fast)
        return state.replace(own={**slow, "steps": steps + 1})

    def evaluated(self, state):
        return state.own["params"], state.own["batch_stats"]
