"""What settings would make the program allocate for a memory of cues: refused before it does."""

import math

from braincl_jax.config import CodecConfig, SleepConfig
from braincl_jax.memory.block.store import MOST_CLASSES
from braincl_jax.memory.record import least_bytes
from braincl_jax.plan import Plan

# Latents that are decoded together for some steps of replay: 2 bytes each, and some ten times that while they are.
MOST_PREFETCHED = 1 << 28


def require_room(settings: CodecConfig, plan: Plan) -> None:
    """Raises ValueError for a decoder that the budget could never pay for, or more classes than the index tells apart.

    Args:
        settings: of the codec, with the number of latent channels resolved.
        plan: what follows from the settings.
    """
    least = least_bytes(settings, plan.spec.image_shape)
    if least > plan.budget_bytes:
        raise ValueError(
            f"codec.latent_channels={settings.latent_channels} is impossible with "
            f"codec.num_stages={settings.num_stages}: a decoder and its table weigh at least {least} bytes, and "
            f"budget_bytes={plan.budget_bytes} is all there is; lower one of them, or raise the budget (budget_bytes "
            "or bytes_per_class)"
        )
    if plan.spec.num_classes > MOST_CLASSES:
        raise ValueError(
            f"the tasks have {plan.spec.num_classes} classes; the index of the memory can tell {MOST_CLASSES} apart: "
            "take fewer (num_tasks, classes_per_task)"
        )


def require_few(sleep: SleepConfig, latent_shape: tuple[int, int, int]) -> None:
    """Raises ValueError for more cues, of (h, w, M) latents, than can be decoded together for steps of replay."""
    cue, size = math.prod(latent_shape), "x".join(map(str, latent_shape))
    if sleep.batch_size * cue > MOST_PREFETCHED:
        raise ValueError(
            f"sleep.batch_size={sleep.batch_size} is impossible for cues of {size} latents: it must be at most "
            f"{MOST_PREFETCHED // cue}"
        )
    most = MOST_PREFETCHED // (sleep.batch_size * cue)
    if sleep.prefetch_steps > most:
        raise ValueError(
            f"sleep.prefetch_steps={sleep.prefetch_steps} is impossible for batches of {sleep.batch_size} cues of "
            f"{size} latents: it must be at most {most}"
        )
