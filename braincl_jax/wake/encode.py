"""Encode: train pattern separation, pattern completion and the cue density on the task's images."""

import jax
import jax.numpy as jnp
import optax

from braincl_jax import collectives
from braincl_jax.memory.codec import context
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Batch, Metrics, Now, PyTree

# Density and context have few, shared parameters and must keep up with moving latents.
DENSITY_RATE = 10.0
# Step of the controller of log(lambda), per step of training, for a relative rate error of 1.
RATE_GAIN = 0.1
LOG_TRADEOFF_RANGE = (-9.0, 0.0)
# For this share of a task's steps lambda stays as it was: a new density knows the cues' rate only after a while.
HOLD_FRACTION = 0.15
# Aim a little below the share of the budget: lengths vary, and unused words pass on to the next task.
RATE_MARGIN = 0.985
# rANS flushes a 32-bit state of which 8 bits are information on average.
FLUSH_BITS = 24


def target_bits(state: BrainState, layout: CueLayout) -> Array:
    """Bits that one cue of the current task may take so that all of them fit: float32 scalar."""
    words = layout.cue_words(state.memory, state.progress.task)
    return 16 * RATE_MARGIN * words - FLUSH_BITS * layout.format.lanes


def rate_distortion(
    params: PyTree, images: Array, noise: Array, tradeoff: Array, layout: CueLayout
) -> tuple[Array, Metrics]:
    """Loss lambda 255^2 MSE + bits / pixels (Balle et al. 2018), noise for the rate, rounding for the recall.

    The rate needs a smooth stand-in for rounding; the recall uses what will be recalled, with the gradient
    passed straight through (Minnen & Singh 2020, section 3.4).

    Args:
        params: {"analysis", "synthesis", "density"}.
        images: uint8 [B, H, W, C].
        noise: float32 [B, h, w, M], uniform in [-1/2, 1/2).
        tradeoff: lambda, float32 scalar.
        layout: codec and recall error.

    Returns:
        Loss (float32 scalar), and the metrics `bits` (per image, of the rounded cues) and `mse` (of [0, 1] images).
    """
    latents = layout.codec.separate(params["analysis"], images)
    rounded = latents + jax.lax.stop_gradient(jnp.round(latents) - latents)
    recalled = layout.codec.complete(params["synthesis"], rounded)
    error = layout.recall_error(images.astype(jnp.float32) / 255, recalled).mean()
    pixels = images.shape[1] * images.shape[2]
    lanes = layout.settings.lanes_per_image
    noisy = context.information(params["density"], latents + noise, rounded, lanes)
    known = jax.lax.stop_gradient(rounded)
    hard = context.information(jax.lax.stop_gradient(params["density"]), known, known, lanes)
    loss = tradeoff * 255**2 * error + noisy.sum((1, 2, 3)).mean() / pixels
    squared = jnp.square(images.astype(jnp.float32) / 255 - recalled).mean()
    return loss, {"bits": hard.sum((1, 2, 3)).mean(), "mse": squared}


def scaled_updates(direction: PyTree, rate: Array, task: Array, layout: CueLayout) -> PyTree:
    """Updates of the codec's parts, from the optimiser's direction.

    Args:
        direction: {"analysis", "synthesis", "density"}.
        rate: learning rate, float32 scalar.
        task: int32 scalar; what tasks share stands still from the second on, as earlier cues are recalled with it.
        layout: the codec and its settings.
    """
    trained = layout.settings.density == "trained"
    rates = dict.fromkeys(direction, rate) | {"density": rate * (DENSITY_RATE if trained else 0.0)}
    updates = {name: optax.tree.scale(-rates[name], direction[name]) for name in direction}
    stored = layout.codec.stored(updates)
    shared = {name: stored[name] for name in layout.codec.trunk}
    still = jax.tree.map(lambda leaf: jnp.where(task > 0, 0, leaf), shared)
    return layout.codec.with_stored(updates, still)


def moved_log_tradeoff(state: BrainState, bits: Array, target: Array) -> Array:
    """log(lambda) after a step whose cues took `bits` each where `target` was wanted: float32 scalars."""
    excess = jnp.clip((bits - target) / target, -1, 1)
    log_tradeoff = state.memory.working.log_tradeoff
    return jnp.clip(log_tradeoff - RATE_GAIN * excess, *LOG_TRADEOFF_RANGE)


def encode_step(
    state: BrainState,
    batch: Batch,
    now: Now,
    axis_name: str | None = None,
    *,
    layout: CueLayout,
) -> tuple[BrainState, Metrics]:
    """One step of Adam on the codec of the current task.

    lambda is not a setting: it is driven so that the cues take the bytes that the budget leaves for the task; those of
    the first one alone where all tasks share the whole codec, whose images then get bytes by need, at one quality.
    """
    working = state.memory.working
    size = len(batch.image)
    keys = collectives.example_keys(now.key, size, axis_name)
    noise = jax.vmap(
        lambda key: jax.random.uniform(key, layout.codec.latent_shape, minval=-0.5, maxval=0.5)
    )(keys)
    log_tradeoff = working.log_tradeoff
    gradient, metrics = jax.grad(rate_distortion, has_aux=True)(
        working.codec, batch.image, noise, jnp.exp(log_tradeoff), layout
    )
    gradient, metrics = collectives.mean((gradient, metrics), axis_name)

    direction, codec_opt = layout.codec_optimiser.update(gradient, working.codec_opt, working.codec)
    updates = scaled_updates(direction, now.rate, state.progress.task, layout)
    target = target_bits(state, layout)
    config = layout.settings
    task = state.progress.task
    steps = jnp.where(task == 0, config.first_steps, config.steps)
    # Where all of the codec is shared it has found its lambda with the first task: the rate follows no other any more.
    # A share that is less than one cue needs is no rate to follow.
    held = (
        (now.step < HOLD_FRACTION * steps) | (config.shares_analysis & (task > 0)) | (target <= 0)
    )
    trained = working.replace(
        codec=optax.apply_updates(working.codec, updates),
        codec_opt=codec_opt,
        log_tradeoff=jnp.where(
            held,
            log_tradeoff,
            moved_log_tradeoff(state, metrics["bits"], target),
        ),
    )
    return state.replace(memory=state.memory.replace(working=trained)), {
        "bytes_per_cue": metrics["bits"] / 8,
        "target_bytes_per_cue": target / 8,
        "psnr_db": -10 * jnp.log10(metrics["mse"]),
        "tradeoff": jnp.exp(log_tradeoff),
    }
