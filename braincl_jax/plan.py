"""What follows from settings and data: resolved once, before anything is built, and recorded beside the settings."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from braincl_jax.config import Config
from braincl_jax.memory.budget import plan_channels
from braincl_jax.registry import brought_from_outside, import_plugins
from braincl_jax.types import StreamSpec


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
        ValueError: a plugin cannot be imported.
    """
    order = tuple(map(int, class_order)) or tuple(range(spec.num_classes))
    budget = config.bytes_per_class * spec.num_classes or config.budget_bytes
    channels = config.codec.latent_channels or plan_channels(
        budget,
        num_images=spec.num_images,
        image_shape=spec.image_shape,
        block=2**config.codec.num_stages,
    )
    return Plan(
        spec=spec,
        class_order=order,
        class_names=tuple(class_names) or tuple(map(str, order)),
        budget_bytes=budget,
        latent_channels=channels,
        plugins=import_plugins(config.plugins) | brought_from_outside(config),
    )


def to_mapping(plan: Plan) -> dict[str, Any]:
    """Plain nested dict, as it is recorded."""
    return {**vars(plan), "spec": plan.spec._asdict()}


def from_mapping(mapping: Mapping[str, Any]) -> Plan:
    """The plan that `to_mapping` made, also after a journey through JSON.

    Raises:
        KeyError, TypeError: it is not such a mapping.
    """
    spec = mapping["spec"]
    return Plan(
        spec=StreamSpec(
            tuple(spec["image_shape"]),
            spec["num_classes"],
            spec["num_tasks"],
            tuple(spec["task_sizes"]),
        ),
        class_order=tuple(mapping["class_order"]),
        class_names=tuple(mapping["class_names"]),
        budget_bytes=mapping["budget_bytes"],
        latent_channels=mapping["latent_channels"],
        plugins=dict(mapping["plugins"]),
    )
