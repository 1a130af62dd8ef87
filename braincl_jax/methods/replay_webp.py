"""Replay of exemplars as WebP: many more than raw ones in the same bytes, for want of a codec that learns."""

from typing import ClassVar

from braincl_jax.methods.coded_exemplars import CodedExemplars
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings


@METHODS.register("replay_webp")
@settings()
class ReplayWebP(CodedExemplars):
    """Lossy WebP (Pillow's, with its greatest effort). Strings have no headers."""

    codec: ClassVar[str] = "WEBP"
