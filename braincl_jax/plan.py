"""What follows from settings and data: resolved once, before anything is built, and recorded beside the settings."""

import bisect
import dataclasses
import math
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import numpy as np

from braincl_jax.config import CodecConfig, Config
from braincl_jax.memory.budget import MIN_CHANNELS, plan_channels
from braincl_jax.memory.record import least_bytes, parts_words
from braincl_jax.registry import POLICIES, brought_from_outside, import_plugins
from braincl_jax.types import Array, StreamSpec

T = TypeVar("T")

# Share of the budget that decoders and tables take at most, where the number of channels may follow from it.
MOST_FOR_PARTS = 0.5
# A batch of so many images, and a memory of so many bytes, is possible however small the data set is.
MUCH_IN_A_BATCH, MUCH_BYTES = 1024, 1 << 28


@dataclasses.dataclass(frozen=True)
class Plan:
    """The resolved numbers of a run.

    Attributes:
        spec: the static facts of the task stream.
        class_order: the source's class of each label, in the order in which they arrive.
        class_names: their names; the numbers in words where the source has none.
        budget_bytes: what the long-term memory may weigh.
        latent_channels: M, of cues.
        plugins: SHA-256 of the source of each plugin, and of each other module outside the package whose parts the
            settings name.
    """

    spec: StreamSpec
    class_order: tuple[int, ...]
    class_names: tuple[str, ...]
    budget_bytes: int
    latent_channels: int
    plugins: dict[str, str]


def resolve(
    config: Config,
    spec: StreamSpec,
    class_order: tuple[int, ...] = (),
    class_names: tuple[str, ...] = (),
) -> Plan:
    """What `config` comes to for such a stream.

    Args:
        config: the settings.
        spec: the static facts of the stream.
        class_order: as in `Plan`; the labels themselves if it is empty.
        class_names: as in `Plan`; the numbers of the order if it is empty.

    Raises:
        ValueError: a plugin cannot be imported, or a setting is far beyond what the data have a use for.
    """
    order = tuple(map(int, class_order)) or tuple(range(spec.num_classes))
    budget = config.bytes_per_class * spec.num_classes or config.budget_bytes
    _require_sizes(config, spec, budget)
    _require_visible(config.network_side, spec)
    return Plan(
        spec=spec,
        class_order=order,
        class_names=tuple(class_names) or tuple(map(str, order)),
        budget_bytes=budget,
        latent_channels=config.codec.latent_channels or _channels(config, spec, budget),
        plugins=import_plugins(config.plugins) | brought_from_outside(config),
    )


def wanted_images(config: Config, spec: StreamSpec) -> int:
    """How many images of the sequence there should be cues of."""
    policy = POLICIES.build(config.budget_policy)
    # A NumPy number: a layout may be built while a step is traced.
    return max(1, round(float(policy.wanted(cast(Array, np.int32(spec.num_images))))))


def _channels(config: Config, spec: StreamSpec, budget: int) -> int:
    """As many channels as suit the budget, and fewer where decoders and tables would take too much of it."""
    codec: CodecConfig = config.codec
    suited = plan_channels(
        budget,
        num_images=wanted_images(config, spec),
        image_shape=spec.image_shape,
        block=2**codec.num_stages,
    )
    least, room = min(MIN_CHANNELS, suited), int(budget * MOST_FOR_PARTS)

    def weight(channels: int) -> int:
        settings = dataclasses.replace(codec, latent_channels=channels)
        # Shapes of what cannot fit are not made.
        if least_bytes(settings, spec.image_shape) > room:
            return room + 1
        return 2 * parts_words(settings, spec.image_shape, spec.num_tasks)

    if weight(suited) <= room:
        return suited
    possible = range(least, suited + 1)
    return possible[max(bisect.bisect_right(possible, room, key=weight) - 1, 0)]


def _require_sizes(config: Config, spec: StreamSpec, budget: int) -> None:
    """Raises ValueError for a budget or a batch so far beyond the data that it would be allocated for nothing."""
    raw = spec.num_images * math.prod(spec.image_shape)
    if budget > max(raw, MUCH_BYTES):
        name = "bytes_per_class" if config.bytes_per_class else "budget_bytes"
        raise ValueError(
            f"{name}={getattr(config, name)} is impossible: it makes a memory of {budget} bytes for {spec.num_images} "
            f"training images that weigh {raw} bytes raw; all of it may be at most {max(raw, MUCH_BYTES)} bytes"
        )
    most = max(spec.num_images, MUCH_IN_A_BATCH)
    batches = {
        "eval_batch_size": config.eval_batch_size,
        "codec.batch_size": config.codec.batch_size,
        "wake.batch_size": config.wake.batch_size,
        "sleep.batch_size": config.sleep.batch_size,
    }
    for name, size in batches.items():
        if size > most:
            raise ValueError(
                f"{name}={size} is impossible: the data set has {spec.num_images} training images; it must be at most "
                f"{most}"
            )


def _require_visible(network_side: int, spec: StreamSpec) -> None:
    """Raises ValueError for a network that would see more than there is of images."""
    height, width, _ = spec.image_shape
    if network_side > min(height, width):
        raise ValueError(
            f"network_side={network_side} is impossible for images of {height}x{width}: it must be at most "
            f"{min(height, width)}, or 0, which shows them whole"
        )


def to_mapping(plan: Plan) -> dict[str, Any]:
    """Plain nested dict, as it is recorded."""
    return {**vars(plan), "spec": plan.spec._asdict()}


def from_mapping(mapping: Mapping[str, Any]) -> Plan:
    """The plan that `to_mapping` made, also after a journey through JSON.

    Raises:
        KeyError, TypeError: it is not such a mapping.
        ValueError: something in it cannot be.
    """
    spec = _part(mapping, "spec", Mapping)
    num_classes, num_tasks = _whole(spec, "num_classes"), _whole(spec, "num_tasks")
    height, width, colours = _wholes(spec, "image_shape", 3)
    plugins = _part(mapping, "plugins", Mapping)
    return Plan(
        spec=StreamSpec(
            (height, width, colours),
            num_classes,
            num_tasks,
            _wholes(spec, "task_sizes", num_tasks),
            _classes_of_tasks(spec, num_classes, num_tasks),
        ),
        class_order=_each(mapping, "class_order", int, num_classes),
        class_names=_each(mapping, "class_names", str, num_classes),
        budget_bytes=_whole(mapping, "budget_bytes"),
        latent_channels=_whole(mapping, "latent_channels"),
        plugins={name: _part(plugins, name, str) for name in plugins},
    )


def _classes_of_tasks(
    spec: Mapping, num_classes: int, num_tasks: int
) -> tuple[tuple[int, ...], ...]:
    """Raises ValueError unless each task has classes, in their order, and every class a task."""
    name, groups = "task_classes", spec["task_classes"]
    if not isinstance(groups, list | tuple) or len(groups) != num_tasks:
        raise ValueError(f"plan: {name} is {groups!r:.80}; need {num_tasks} lists")
    found = []
    for group in groups:
        number = max(len(group), 1) if isinstance(group, list | tuple) else 1
        found.append(_each({name: group}, name, int, number))
        if found[-1] != tuple(sorted(set(found[-1]))):
            raise ValueError(f"plan: {name} is {group!r:.80}; need different classes in order")
    if set().union(*found) != set(range(num_classes)):
        raise ValueError(f"plan: {name} is {groups!r:.80}; need every class below {num_classes}")
    return tuple(found)


def _part(mapping: Mapping, name: str, kind: type[T]) -> T:
    """`mapping[name]`, of that type; raises ValueError for one of another."""
    value = mapping[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"plan: {name} is {value!r:.80}; need a {kind.__name__}")
    return value


def _whole(mapping: Mapping, name: str) -> int:
    value = _part(mapping, name, int)
    if not 1 <= value < 2**63:
        raise ValueError(f"plan: {name} is {value}; need a number from 1 on")
    return value


def _wholes(mapping: Mapping, name: str, number: int) -> tuple[int, ...]:
    values = _each(mapping, name, int, number)
    if not min(values) >= 1:
        raise ValueError(f"plan: {name} is {values!r:.80}; need numbers from 1 on")
    return values


def _each(mapping: Mapping, name: str, kind: type[T], number: int) -> tuple[T, ...]:
    values = mapping[name]
    if (
        not isinstance(values, list | tuple)
        or len(values) != number
        or not all(type(value) is kind for value in values)
    ):
        raise ValueError(f"plan: {name} is {values!r:.80}; need {number} of {kind.__name__}")
    return tuple(values)
