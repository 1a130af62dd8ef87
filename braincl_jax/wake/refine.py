"""Refine: g_a only starts the cues; here they themselves are optimised, together with g_s and the density."""

import jax
import jax.numpy as jnp
import optax

from braincl_jax import collectives
from braincl_jax.memory.codec import context
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.working import WorkingMemory, rewrite
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Batch, Metrics, Now, PyTree
from braincl_jax.wake.encode import moved_log_tradeoff, scaled_updates, target_bits

# The temperature of rounding falls exponentially over a task's steps.
FIRST_TEMPERATURE, LAST_TEMPERATURE = 0.5, 0.005
# Of Adam's averages: every cue is visited a few times only.
DECAYS = (0.9, 0.99)
SMALLEST_DIVISOR = 1e-9
# Where a cue is an integer, the odds of its two neighbours would be infinite.
EDGE = 1e-4


def soft_round(cues: Array, key: Array, temperature: Array) -> Array:
    """Stochastic Gumbel annealing (Yang, Bamler, Mandt 2020, section 3.2), for one cue.

    Args:
        cues: float32 [h, w, M].
        key: PRNG key.
        temperature: float32 scalar, > 0; towards 0 the result is the nearest integer.

    Returns:
        float32 [h, w, M] between floor and ceiling, with a gradient.
    """
    floor = jax.lax.stop_gradient(jnp.floor(cues))
    above = jnp.clip(cues - floor, EDGE, 1 - EDGE)
    # Odds of the ceiling against the floor, each of weight exp(-atanh(distance) / temperature).
    odds = (jnp.arctanh(above) - jnp.arctanh(1 - above)) / temperature
    noise = jax.random.logistic(key, cues.shape)  # the difference of two Gumbel variables
    return floor + jax.nn.sigmoid((odds + noise) / temperature)


def refinement_loss(
    cues: Array,
    codec: PyTree,
    images: Array,
    valid: Array,
    keys: Array,
    temperature: Array,
    tradeoff: Array,
    layout: CueLayout,
) -> tuple[Array, Metrics]:
    """The loss of `encode` with cues in place of g_a; rate and recall see the same soft rounding.

    Args:
        cues: float32 [B, h, w, M].
        codec: {"synthesis", "density"}.
        images: uint8 [B, H, W, C].
        valid: bool [B], False for padding.
        keys: PRNG keys [B].
        temperature: of the rounding, float32 scalar.
        tradeoff: lambda, float32 scalar.
        layout: codec and recall error.

    Returns:
        Sum over the batch (float32 scalar), and sums of `bits` (of the rounded cues), `mse` and `number`.
    """
    targets = images.astype(jnp.float32) / 255
    rounded = jax.vmap(soft_round, (0, 0, None))(cues, keys, temperature)
    recalled = layout.codec.complete(codec["synthesis"], rounded)
    pixels = images.shape[1] * images.shape[2]
    lanes = layout.settings.lanes_per_image
    rate = context.information(codec["density"], rounded, rounded, lanes).sum((1, 2, 3))
    loss = tradeoff * 255**2 * layout.recall_error(targets, recalled) + rate / pixels
    nearest = jnp.round(cues)
    bits = context.information(codec["density"], nearest, nearest, lanes).sum((1, 2, 3))
    squared = jnp.square(targets - recalled).mean((1, 2, 3))
    sums = {"bits": (valid * bits).sum(), "mse": (valid * squared).sum(), "number": valid.sum()}
    return (valid * loss).sum(), jax.lax.stop_gradient(sums)


def adam_step(
    cues: Array,
    averages: tuple[Array, ...],
    gradient: Array,
    *,
    visits: Array,
    step_size: Array,
) -> tuple[Array, tuple[Array, ...]]:
    """Adam (Kingma & Ba 2015, algorithm 1) on cues that have averages of their own.

    Args:
        cues: float32 [B, h, w, M].
        averages: of the gradient and of its square, float32 [B, h, w, M] each.
        gradient: float32 [B, h, w, M].
        visits: how often these cues have been visited, this time included; scalar, >= 1.
        step_size: scalar, in units of the rounding.

    Returns:
        cues and averages after the step.
    """
    averages = tuple(
        decay * old + (1 - decay) * new
        for decay, old, new in zip(DECAYS, averages, (gradient, jnp.square(gradient)), strict=True)
    )
    first, second = (
        average / (1 - decay**visits) for decay, average in zip(DECAYS, averages, strict=True)
    )
    return cues - step_size * first / (jnp.sqrt(second) + SMALLEST_DIVISOR), averages


def updated_codec(
    working: WorkingMemory, gradient: PyTree, rate: Array, task: Array, layout: CueLayout
) -> tuple[PyTree, PyTree]:
    """Codec and optimiser state after a step along `gradient`, {"synthesis", "density"}; g_a stays as it is."""
    nothing = jax.tree.map(jnp.zeros_like, working.codec["analysis"])
    direction, codec_opt = layout.codec_optimiser.update(
        {**gradient, "analysis": nothing}, working.codec_opt, working.codec
    )
    updates = scaled_updates(direction, rate, task, layout)
    updates["analysis"] = nothing  # the optimiser still has momentum of g_a
    return optax.apply_updates(working.codec, updates), codec_opt


def refine_step(
    state: BrainState,
    batch: Batch,
    now: Now,
    axis_name: str | None = None,
    *,
    layout: CueLayout,
) -> tuple[BrainState, Metrics]:
    """One step of Adam on the cues of the batch, on g_s and on the density; cues of other images stay as they are.

    Every cue has averages of its own, kept beside it in working memory. All images of the task are visited once in
    each epoch, as `ordered_batches` does.
    """
    working: WorkingMemory = state.memory.working
    config, task = layout.settings, state.progress.task
    size = len(batch.image)
    whole = size * collectives.num_devices(axis_name)
    epoch_steps = jnp.ceil(jnp.asarray(layout.spec.task_sizes)[task] / whole)
    done = now.step / (config.refine_epochs * epoch_steps)
    temperature = FIRST_TEMPERATURE * (LAST_TEMPERATURE / FIRST_TEMPERATURE) ** done
    own = jnp.maximum(batch.index, 0)
    (cue_gradient, gradient), sums = jax.grad(refinement_loss, (0, 1), has_aux=True)(
        working.cues[own],
        {name: working.codec[name] for name in ("synthesis", "density")},
        batch.image,
        (batch.index >= 0).astype(jnp.float32),
        collectives.example_keys(now.key, size, axis_name),
        temperature,
        jnp.exp(working.log_tradeoff),
        layout,
    )
    # Means over devices of sums over examples: their ratio is the mean over examples.
    gradient, sums = collectives.mean((gradient, sums), axis_name)
    gradient = jax.tree.map(lambda leaf: leaf / sums["number"], gradient)
    rate = config.refine_learning_rate * (1 - done)
    codec, codec_opt = updated_codec(working, gradient, rate, task, layout)
    step_size = config.refine_step_size * (1 - done)
    cues, averages = adam_step(
        working.cues[own],
        tuple(average[own] for average in working.averages),
        cue_gradient,
        visits=1 + now.step // epoch_steps,
        step_size=step_size,
    )
    index, cues, averages = collectives.concatenate((batch.index, cues, averages), axis_name)
    bits, target = sums["bits"] / sums["number"], target_bits(state, layout)
    refined = rewrite(working, index, cues, averages).replace(
        codec=codec,
        codec_opt=codec_opt,
        log_tradeoff=moved_log_tradeoff(state, bits, target),
    )
    return state.replace(memory=state.memory.replace(working=refined)), {
        "bytes_per_cue": bits / 8,
        "target_bytes_per_cue": target / 8,
        "psnr_db": -10 * jnp.log10(sums["mse"] / sums["number"]),
    }
