"""What `config.method` names: a memory, and the steps that fill it. Everything else is the same for all methods."""

import dataclasses
from collections.abc import Callable

import optax

from braincl_jax.baselines.array_memory import (
    ArrayMemory,
    exemplars_for,
    memorise_images_step,
    select_exemplars_step,
)
from braincl_jax.baselines.decoded_cache import DecodedCache, transfer_and_decode_step
from braincl_jax.config import Config
from braincl_jax.memory.codec import Codec
from braincl_jax.memory.cue_memory import CueMemory
from braincl_jax.parts import ReplayMemory
from braincl_jax.sleep import transfer_step
from braincl_jax.types import Step, StreamSpec
from braincl_jax.wake import encode_step, memorise_step

MemoryBuilder = Callable[[Config, StreamSpec, Codec, optax.GradientTransformation], ReplayMemory]


@dataclasses.dataclass(frozen=True)
class Method:
    """A learner.

    Attributes:
        build_memory: (config, spec, codec, codec optimiser) -> memory.
        encode: trains the codec on the task's images; None where there is none.
        memorise: fills working memory.
        transfer: working memory -> long-term memory, when sleep begins.
    """

    build_memory: MemoryBuilder
    encode: Step | None
    memorise: Step
    transfer: Step


_METHODS: dict[str, Method] = {}


def register_method(name: str, method: Method) -> None:
    """Makes `method` available as `config.method`.

    Raises:
        ValueError: the name is taken.
    """
    if name in _METHODS:
        raise ValueError(f"method {name!r} is registered already")
    _METHODS[name] = method


def method_names() -> tuple[str, ...]:
    """Names that `config.method` may take."""
    return tuple(sorted(_METHODS))


def get_method(name: str) -> Method:
    """The method of that name.

    Raises:
        ValueError: there is none.
    """
    if name not in _METHODS:
        raise ValueError(f"method={name!r} is unknown; known: {', '.join(method_names())}")
    return _METHODS[name]


def _raw(capacity: Callable[[Config, StreamSpec], int]) -> Method:
    """Replay of raw images, of which `capacity(config, spec)` are kept."""
    return Method(
        build_memory=lambda config, spec, codec, optimiser: ArrayMemory(
            spec, capacity(config, spec)
        ),
        encode=None,
        memorise=memorise_images_step,
        transfer=select_exemplars_step,
    )


register_method("braincl", Method(CueMemory, encode_step, memorise_step, transfer_step))
register_method(
    "braincl_cached",
    Method(DecodedCache, encode_step, memorise_step, transfer_and_decode_step),
)
register_method("finetune", _raw(lambda config, spec: 0))
register_method("replay_raw", _raw(lambda config, spec: exemplars_for(config.budget_bytes, spec)))
register_method("joint", _raw(lambda config, spec: spec.num_images))
