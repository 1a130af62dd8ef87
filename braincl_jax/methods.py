"""What `config.method` names: a memory, and the steps that fill it. Everything else is the same for all methods."""

import dataclasses
from collections.abc import Callable

import optax

from braincl_jax.baselines.decoded_cache import CachedCueLayout, transfer_and_decode_step
from braincl_jax.baselines.exemplars import (
    ExemplarLayout,
    exemplars_for,
    memorise_images_step,
    select_exemplars_step,
)
from braincl_jax.config import Config
from braincl_jax.memory.codec.transforms import Codec
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.parts import MemoryLayout
from braincl_jax.sleep import transfer_step
from braincl_jax.types import Step, StreamSpec
from braincl_jax.wake import encode_step, memorise_step, refine_step

MemoryBuilder = Callable[[Config, StreamSpec, Codec, optax.GradientTransformation], MemoryLayout]


@dataclasses.dataclass(frozen=True)
class Method:
    """A learner.

    Attributes:
        build_memory: (config, spec, codec, codec optimiser) -> memory.
        encode: trains the codec on the task's images; None where there is none.
        memorise: fills working memory.
        refine: improves what is in working memory; None where nothing can be.
        transfer: working memory -> long-term memory, when sleep begins.
    """

    build_memory: MemoryBuilder
    encode: Step | None
    memorise: Step
    refine: Step | None
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


def _raw(capacity: Callable[[Config, StreamSpec], int], *, keeps_task: bool) -> Method:
    """Replay of raw images, of which `capacity(config, spec)` are kept."""
    return Method(
        build_memory=lambda config, spec, codec, optimiser: ExemplarLayout(
            spec, capacity(config, spec), keeps_task
        ),
        encode=None,
        memorise=memorise_images_step,
        refine=None,
        transfer=select_exemplars_step,
    )


def _budgeted(config: Config, spec: StreamSpec) -> int:
    return exemplars_for(config.budget_bytes, spec)


register_method(
    "braincl", Method(CueLayout, encode_step, memorise_step, refine_step, transfer_step)
)
register_method(
    "braincl_cached",
    Method(CachedCueLayout, encode_step, memorise_step, refine_step, transfer_and_decode_step),
)
# Like BrainCL, but with raw images in long-term memory: asleep, it has the same bytes and nothing else.
register_method("replay_raw", _raw(_budgeted, keeps_task=False))
# As exemplar methods usually do it (iCaRL, Rebuffi et al. 2017): the task's images are at hand beside the exemplars.
register_method("replay_raw_and_task", _raw(_budgeted, keeps_task=True))
register_method("finetune", _raw(lambda config, spec: 0, keeps_task=True))
register_method("joint", _raw(lambda config, spec: spec.num_images, keeps_task=False))
