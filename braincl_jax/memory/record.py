"""What a task leaves beside its strings, and what all tasks share: shapes, dtypes and weight, before there is any."""

import functools

import jax

from braincl_jax.config import CodecConfig
from braincl_jax.memory.block import store
from braincl_jax.memory.codec import quantise
from braincl_jax.memory.codec.transforms import build_codec
from braincl_jax.memory.coder import tables


@functools.lru_cache(maxsize=32)
def record_shapes(
    settings: CodecConfig, image_shape: tuple[int, int, int]
) -> tuple[store.Part, store.Part]:
    """Shapes and dtypes of what each task leaves beside its strings, and of what all tasks share.

    Args:
        settings: of the codec, with the number of latent channels resolved.
        image_shape: (H, W, C).

    Raises:
        ValueError: there is no such codec for such images.
    """
    codec = build_codec(settings, image_shape)
    table, decoder = jax.eval_shape(
        lambda: (
            tables.init(codec.latent_shape[-1]),
            quantise.quantise(codec.stored(codec.init(jax.random.key(0))), settings.storage),
        )
    )
    trunk = {name: decoder.pop(name) for name in codec.trunk}
    if settings.shared == "all":
        return store.Part(None, decoder), store.Part(table, trunk)
    return store.Part(table, decoder), store.Part(None, trunk)


def parts_words(settings: CodecConfig, image_shape: tuple[int, int, int], num_tasks: int) -> int:
    """Words of the block that decoders and tables of all tasks take, with what they share; see `record_shapes`."""
    record, trunk = record_shapes(settings, image_shape)
    return store.part_words(trunk) + num_tasks * store.part_words(record)


def least_bytes(settings: CodecConfig, image_shape: tuple[int, int, int]) -> int:
    """What a decoder and a table weigh at least, reckoned without making shapes.

    A kernel of the linear path has a byte for each number of a block of pixels and each channel, and a table two
    weights for each pair of channels.
    """
    channels = settings.latent_channels
    return 4**settings.num_stages * image_shape[-1] * channels + channels * (channels - 1)
