"""The settings of a run as frozen dataclasses, checked once, before anything is trained."""

import dataclasses
import difflib
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")

DENSITIES = ("trained", "fixed")
DTYPES = ("float32", "bfloat16")
STORAGES = ("int8", "bfloat16")


@dataclasses.dataclass(frozen=True)
class NetworkConfig:
    """The classifier ("neocortex"): a backbone by registry name and its width multiplier's base.

    `dtype` is what the backbone computes in: "bfloat16" halves its activations. Parameters, BatchNorm statistics,
    head and loss are float32 in any case.
    """

    name: str = "resnet8_half"
    width: int = 16
    dtype: str = "float32"


@dataclasses.dataclass(frozen=True)
class CodecConfig:
    """The pattern separation / completion networks and how long they train (Adam).

    `latent_channels` 0 takes as many as suit the budget: about a bit for each latent.
    `steps` optimiser steps for each task, `first_steps` for task 0, which starts from random weights. Then the cues
    themselves are refined for `refine_epochs`, by steps of up to `refine_step_size` (in units of the rounding).
    `storage` is what kernels of a stored decoder are kept as. With `shared_trunk`, all but the last convolution of g_s
    are trained by the first task alone and stored once, for the decoders of all tasks.
    """

    num_stages: int = 2
    latent_channels: int = 0
    width: int = 24
    analysis_width: int = 32
    lanes_per_image: int = 1
    density: str = "trained"
    warm_start: bool = True
    storage: str = "int8"
    shared_trunk: bool = False
    first_steps: int = 1500
    steps: int = 1000
    batch_size: int = 16
    learning_rate: float = 5e-3
    clip_norm: float = 1.0
    refine_epochs: int = 0
    refine_batch_size: int = 64
    refine_step_size: float = 0.02
    refine_learning_rate: float = 1e-3


@dataclasses.dataclass(frozen=True)
class WakeConfig:
    """Head-only training on the task's real images; 0 epochs leave the wake classification out."""

    epochs: int = 1
    batch_size: int = 64
    learning_rate: float = 0.05
    momentum: float = 0.9


@dataclasses.dataclass(frozen=True)
class SleepConfig:
    """Replay of the whole memory into the whole network (SGD, linear warm-up, cosine).

    `noise` is the largest standard deviation, in grey levels of 255, of the noise added to replayed images.
    `accumulate` is the number of equal parts in which a device goes through its share of the batch, one after another,
    where all of it does not fit into its memory: the step sums up their gradients.
    `prefetch_steps` is the number of steps whose strings are decoded together; it changes nothing but the speed.
    """

    first_steps: int = 400
    steps: int = 400
    warmup_fraction: float = 0.1
    batch_size: int = 64
    num_groups: int = 8
    accumulate: int = 1
    prefetch_steps: int = 16
    learning_rate: float = 0.05
    final_learning_rate: float = 1e-3
    momentum: float = 0.9
    weight_decay: float = 5e-4
    crop_padding: int = 1
    flip: bool = True
    noise: float = 50.0


@dataclasses.dataclass(frozen=True)
class Config:
    """One run. Every field is read; what is not a field here is refused by `from_mapping`.

    `budget_bytes` is what the long-term memory may weigh, whatever is in it. If `bytes_per_class` is not 0, it may
    weigh that many bytes for each class of the sequence instead.

    `image_side` shrinks square images to that many pixels a side; 0 leaves them as they are.

    Raises:
        ValueError: an impossible value.
    """

    method: str = "braincl"
    dataset: str = "embedded:fashion_mnist_mini"
    image_side: int = 0
    num_tasks: int = 5
    classes_per_task: int = 0
    class_order_seed: int = 1993
    validation_fraction: float = 0.0
    seed: int = 0
    budget_bytes: int = 392_000
    bytes_per_class: int = 0
    budget_policy: str = "planned"
    num_devices: int = 0
    eval_batch_size: int = 256
    network: NetworkConfig = NetworkConfig()
    codec: CodecConfig = CodecConfig()
    wake: WakeConfig = WakeConfig()
    sleep: SleepConfig = SleepConfig()

    def __post_init__(self) -> None:
        """Raises ValueError for an impossible value."""
        _check(self)


def to_mapping(config: Any) -> dict[str, Any]:
    """Plain nested dict of a (nested) config, as written to `config.json`."""
    return dataclasses.asdict(config)


def from_mapping(mapping: Mapping[str, Any]) -> Config:
    """Checks and freezes settings, such as an `ml_collections.ConfigDict` or a parsed `config.json`.

    Raises:
        ValueError: an unknown key, a wrong type or an impossible value; it names the key, the value and what is
            possible.
    """
    return _build(Config, mapping, "")


def _build(kind: type[T], mapping: Mapping[str, Any], prefix: str) -> T:
    types = typing.get_type_hints(kind)
    values = {}
    for name, value in mapping.items():
        if name not in types:
            close = difflib.get_close_matches(name, types, n=1)
            hint = f"; did you mean {prefix}{close[0]}?" if close else ""
            raise ValueError(
                f"unknown config key {prefix}{name}={value!r}{hint} Known keys: "
                f"{', '.join(prefix + key for key in types)}"
            )
        values[name] = _typed(types[name], value, prefix + name)
    return kind(**values)


def _typed(kind: Any, value: Any, name: str) -> Any:
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise ValueError(f"{name}={value!r} must hold keys and values of its own")
        return _build(typing.cast(type, kind), value, name + ".")
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError(
            f"{name}={value!r} must be of type {kind.__name__}, not {type(value).__name__}"
        )
    return value


def _require(ok: bool, name: str, value: Any, possible: str) -> None:
    if not ok:
        raise ValueError(f"{name}={value!r} is impossible: it must be {possible}")


def _check(config: Config) -> None:
    """Every check that needs no data; those that do are made where the stream and the memory are built."""
    _check_counts(config)
    _check_rates(config)
    _check_choices(config)


def _check_counts(config: Config) -> None:
    codec, wake, sleep = config.codec, config.wake, config.sleep
    at_least = {
        0: {
            "image_side": config.image_side,
            "classes_per_task": config.classes_per_task,
            "bytes_per_class": config.bytes_per_class,
            "num_devices": config.num_devices,
            "seed": config.seed,
            "wake.epochs": wake.epochs,
            "sleep.crop_padding": sleep.crop_padding,
            "codec.refine_epochs": codec.refine_epochs,
            "codec.latent_channels": codec.latent_channels,
        },
        1: {
            "num_tasks": config.num_tasks,
            "budget_bytes": config.budget_bytes,
            "eval_batch_size": config.eval_batch_size,
            "network.width": config.network.width,
            "codec.num_stages": codec.num_stages,
            "codec.width": codec.width,
            "codec.analysis_width": codec.analysis_width,
            "codec.lanes_per_image": codec.lanes_per_image,
            "codec.first_steps": codec.first_steps,
            "codec.steps": codec.steps,
            "codec.batch_size": codec.batch_size,
            "codec.refine_batch_size": codec.refine_batch_size,
            "wake.batch_size": wake.batch_size,
            "sleep.first_steps": sleep.first_steps,
            "sleep.steps": sleep.steps,
            "sleep.batch_size": sleep.batch_size,
            "sleep.num_groups": sleep.num_groups,
            "sleep.accumulate": sleep.accumulate,
            "sleep.prefetch_steps": sleep.prefetch_steps,
        },
    }
    for least, values in at_least.items():
        for name, value in values.items():
            _require(value >= least, name, value, f"at least {least}")
    divisors = {
        "sleep.num_groups": (sleep.num_groups, "sleep.batch_size", sleep.batch_size),
        "sleep.accumulate": (sleep.accumulate, "sleep.num_groups", sleep.num_groups),
    }
    for name, (value, whole, total) in divisors.items():
        _require(total % value == 0, name, value, f"a divisor of {whole}={total}")


def _check_rates(config: Config) -> None:
    codec, wake, sleep = config.codec, config.wake, config.sleep
    positive = {
        "codec.learning_rate": codec.learning_rate,
        "codec.clip_norm": codec.clip_norm,
        "codec.refine_step_size": codec.refine_step_size,
        "codec.refine_learning_rate": codec.refine_learning_rate,
        "wake.learning_rate": wake.learning_rate,
        "sleep.learning_rate": sleep.learning_rate,
    }
    for name, value in positive.items():
        _require(value > 0, name, value, "positive")
    fractions = {
        "sleep.warmup_fraction": sleep.warmup_fraction,
        "sleep.momentum": sleep.momentum,
        "wake.momentum": wake.momentum,
    }
    for name, value in fractions.items():
        _require(0 <= value < 1, name, value, "at least 0 and below 1")
    _require(sleep.weight_decay >= 0, "sleep.weight_decay", sleep.weight_decay, "at least 0")
    _require(0 <= sleep.noise <= 255, "sleep.noise", sleep.noise, "between 0 and 255")
    _require(
        0 <= sleep.final_learning_rate <= sleep.learning_rate,
        "sleep.final_learning_rate",
        sleep.final_learning_rate,
        f"between 0 and sleep.learning_rate={sleep.learning_rate}",
    )


def _check_choices(config: Config) -> None:
    codec = config.codec
    choices = {
        "codec.density": (codec.density, DENSITIES),
        "codec.storage": (codec.storage, STORAGES),
        "network.dtype": (config.network.dtype, DTYPES),
    }
    for name, (value, possible) in choices.items():
        _require(value in possible, name, value, f"one of {', '.join(possible)}")
    _require(
        codec.num_stages > 1 or not codec.shared_trunk,
        "codec.shared_trunk",
        codec.shared_trunk,
        "False where codec.num_stages=1: the only convolution is each task's own",
    )
