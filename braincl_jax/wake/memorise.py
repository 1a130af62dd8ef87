"""Memorise: write the cue of every image of the task into working memory."""

import jax
import jax.numpy as jnp

from braincl_jax import collectives
from braincl_jax.memory import working
from braincl_jax.memory.codec.search import Loss, searched
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Batch, Metrics, Now


def memorise_step(
    state: BrainState,
    batch: Batch,
    now: Now,
    axis_name: str | None = None,
    *,
    layout: CueLayout,
) -> tuple[BrainState, Metrics]:
    """Separates a batch with the trained g_a and writes its cues at `batch.index`, or better ones that are found."""
    cues = layout.codec.separate(layout.encoder(state.memory), batch.image)
    if layout.settings.search_rounds:
        keys = collectives.example_keys(now.key, len(cues), axis_name)
        cues = better_cues(state.memory.working, batch.image, cues, keys, layout)
    cues, label, index = collectives.concatenate((cues, batch.label, batch.index), axis_name)
    written = working.write(state.memory.working, index, cues, label)
    return (
        state.replace(memory=state.memory.replace(working=written)),
        {},
    )


def better_cues(
    own: working.WorkingMemory, images: Array, latents: Array, keys: Array, layout: CueLayout
) -> Array:
    """The cues that a search finds, for lambda as the training of the codec left it.

    Args:
        own: working memory, with the task's codec.
        images: uint8 [B, H, W, C].
        latents: float32 [B, h, w, M], where it begins.
        keys: one for each image, [B].
        layout: codec, recall error and settings.

    Returns:
        float32 [B, h, w, M], whole numbers.
    """
    settings, codec = layout.settings, layout.codec.in_a_loop()

    def one(image: Array, latent: Array, key: Array) -> Array:
        loss = Loss(
            codec,
            own.codec,
            layout.recall_error,
            image,
            jnp.exp(own.log_tradeoff),
            settings.lanes_per_image,
        )
        return searched(loss, jnp.round(latent), key, settings.search_rounds)

    # As many at a time as train the codec: there is memory for them.
    return jax.lax.map(lambda x: one(*x), (images, latents, keys), batch_size=settings.batch_size)
