"""Replay of exemplars as JPEG: many more than raw ones in the same bytes, for want of a codec that learns."""

from typing import ClassVar

from braincl_jax.methods.coded_exemplars import CodedExemplars
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings


@METHODS.register("replay_jpeg")
@settings()
class ReplayJPEG(CodedExemplars):
    """Baseline JPEG (Pillow's). Strings have no headers and no tables: those of the standard serve for all."""

    codec: ClassVar[str] = "JPEG"
