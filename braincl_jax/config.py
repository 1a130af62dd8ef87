"""The settings of a run, each with its bounds beside it; what follows from them and the data is in `plan`."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from braincl_jax.registry import (
    AUGMENTATIONS,
    BACKBONES,
    EVALUATORS,
    FIGURES,
    METHODS,
    POLICIES,
    RECALL_ERRORS,
    SAMPLERS,
    import_plugins,
    named,
    named_each,
)
from braincl_jax.settings import (
    anything,
    at_least,
    between,
    check,
    each_between,
    fraction,
    nested,
    one_of,
    positive,
    settings,
)

DENSITIES = ("trained", "fixed")
STORAGES = ("int8", "bfloat16")
INCREMENTS = ("classes", "domains")
DECODERS = ("pillow", "simplejpeg")
UNREADABLE = ("error", "skip")
SHARED = ("nothing", "trunk", "decoder", "codec", "all")
# Steps and epochs that nobody waits for, and images of a batch that no machine holds; `plan` knows the data and is
# stricter.
MOST_STEPS, MOST_EPOCHS, MOST_IMAGES = 10**8, 10**5, 1 << 20


@settings("protocol")
class ProtocolConfig:
    """How a data set becomes tasks, beside `num_tasks`, `classes_per_task` and `class_order_seed`.

    `incremental` is what each task brings: "classes" of its own, or a domain with all classes ("domains"), in the order
    of the data set, which must tell domains.
    `classes` says which classes there are, in their order before `class_order_seed` permutes it (-1: it does not):
    names or numbers, as in "cat, dog"; the name of a class list, such as imagenet100_a; or a file of one, as in
    "my/list.txt". Empty, all classes of the data set are there, in its order.
    `first_task_classes` is the number of classes of the first task, if not 0; the others share what is left.
    `classes_of_tasks`, if not empty, is the number of classes of each task.
    `max_per_class` training images of a class are used, evenly spaced among its images; 0 uses all.
    """

    incremental: str = one_of(INCREMENTS, default="classes")
    classes: str = anything(default="")
    first_task_classes: int = between(0, 65_536, default=0)
    classes_of_tasks: tuple[int, ...] = each_between(1, 65_536, default=())
    max_per_class: int = at_least(0, default=0)

    def check_together(self) -> None:
        """Raises ValueError where settings contradict each other."""
        if self.first_task_classes and self.classes_of_tasks:
            raise ValueError(
                f"protocol.first_task_classes={self.first_task_classes} is impossible beside "
                f"protocol.classes_of_tasks={self.classes_of_tasks}, which says it of all tasks: give one of them"
            )
        for name in ("first_task_classes", "classes_of_tasks"):
            if self.incremental == "domains" and getattr(self, name):
                raise ValueError(
                    f"protocol.{name}={getattr(self, name)} is impossible where protocol.incremental=domains: every "
                    "task has all classes"
                )


@settings("codec")
class CodecConfig:
    """The pattern separation / completion networks and how long they train (Adam).

    `latent_channels` 0 takes as many as suit the budget: about a bit for each latent, and fewer where decoders and
    tables would take more than half of it.
    `steps` optimiser steps for each task, `first_steps` for task 0, which starts from fresh weights.
    `recall_error` is what is minimised beside the rate. `storage` is what stored kernels are kept as. What is `shared`
    is trained by the first task alone and stored once, for all tasks: "nothing", the "trunk" of g_s (all convolutions
    but the last), the "decoder" (all of g_s), the "codec" (g_s and g_a), with a density of each task's own, or "all":
    the density as well, so that later tasks train none of it and leave nothing in memory but their cues.
    `search_rounds` is how long a better cue than that of g_a is searched for, image by image (`memory.codec.search`); 0
    does without.
    """

    num_stages: int = between(1, 8, default=2)
    latent_channels: int = between(0, 4096, default=0)
    width: int = between(1, 1024, default=24)
    analysis_width: int = between(1, 1024, default=16)
    lanes_per_image: int = between(1, 64, default=1)
    density: str = one_of(DENSITIES, default="trained")
    recall_error: str = named(RECALL_ERRORS, default="squared_error")
    warm_start: bool = True
    storage: str = one_of(STORAGES, default="int8")
    shared: str = one_of(SHARED, default="codec")
    first_steps: int = between(1, MOST_STEPS, default=4000)
    steps: int = between(1, MOST_STEPS, default=300)
    batch_size: int = between(1, MOST_IMAGES, default=16)
    learning_rate: float = positive(default=5e-3)
    clip_norm: float = positive(default=1.0)
    search_rounds: int = between(0, 10_000, default=0)

    @property
    def shares_analysis(self) -> bool:
        """Whether one g_a makes the cues of all tasks."""
        return self.shared in ("codec", "all")

    def steps_of(self, task: int) -> int:
        """Optimiser steps for a task: none where the first one has trained all that there is."""
        if task == 0:
            return self.first_steps
        return 0 if self.shared == "all" else self.steps

    def check_together(self) -> None:
        """Raises ValueError where settings contradict each other."""
        if self.num_stages == 1 and self.shared == "trunk":
            raise ValueError(
                "codec.shared=trunk is impossible where codec.num_stages=1: the only convolution is a task's own"
            )
        if self.search_rounds and self.shared == "all":
            raise ValueError(
                f"codec.search_rounds={self.search_rounds} is impossible where codec.shared=all: of the density, later "
                "tasks know no more than the table; take codec.shared=codec, or search_rounds=0"
            )


@settings("wake")
class WakeConfig:
    """Head-only training on the task's real images; 0 epochs leave the wake classification out.

    With `reactivation`, a sample of what is remembered is recalled beside each batch, as large as one of a night. What
    was learned is where the night begins if it is `lasting`; else it serves until then, and the night begins with the
    head of the morning, as if there had been no wake.
    """

    epochs: int = between(0, MOST_EPOCHS, default=4)
    batch_size: int = between(1, MOST_IMAGES, default=64)
    learning_rate: float = positive(default=0.05)
    momentum: float = fraction(default=0.9)
    reactivation: bool = True
    lasting: bool = True


@settings("sleep")
class SleepConfig:
    """Replay of the whole memory into the whole network (SGD, linear warm-up, cosine).

    `accumulate` is the number of equal parts in which a device goes through its share of the batch, one after another,
    where all of it does not fit into its memory: the step sums up their gradients.
    Two time scales beside that of the steps: `slow_decay` is that of slow weights, an average over the steps of all
    nights, which are then what is evaluated (0: none are kept); `downscaling` is how far a night brings the weights
    back towards fresh ones before it begins (0: not at all).
    `steps` is the length of a night; with `growing`, that of the last one, and earlier ones are shorter in proportion
    to the images seen by then, so that each has as many epochs.
    `prefetch_steps` is the number of steps whose samples are drawn and whose strings are decoded together; it changes
    nothing but the speed, unless a sampler looks at `class_loss`, which is that of the first of these steps.
    """

    steps: int = between(1, MOST_STEPS, default=400)
    growing: bool = False
    warmup_fraction: float = fraction(default=0.1)
    batch_size: int = between(1, MOST_IMAGES, default=64)
    num_groups: int = between(1, MOST_IMAGES, default=8)
    accumulate: int = between(1, MOST_IMAGES, default=1)
    prefetch_steps: int = between(1, 1024, default=16)
    learning_rate: float = positive(default=0.1)
    final_learning_rate: float = at_least(0, default=1e-3)
    momentum: float = fraction(default=0.9)
    weight_decay: float = at_least(0, default=5e-4)
    slow_decay: float = fraction(default=0.0)
    downscaling: float = fraction(default=0.0)
    sampler: str = named(SAMPLERS, default="class_balanced")
    augmentation: str = named(AUGMENTATIONS, default="crop_flip_noise")

    def check_together(self) -> None:
        """Raises ValueError where settings contradict each other."""
        _require_divisor("sleep.num_groups", self.num_groups, "sleep.batch_size", self.batch_size)
        _require_divisor("sleep.accumulate", self.accumulate, "sleep.num_groups", self.num_groups)
        if self.final_learning_rate > self.learning_rate:
            raise ValueError(
                f"sleep.final_learning_rate={self.final_learning_rate} is impossible: it must be at most "
                f"sleep.learning_rate={self.learning_rate}"
            )


@settings()
class Config:
    """One run. Every field is read; what is not a field here is refused by `from_mapping`.

    `budget_bytes` is what the long-term memory may weigh, whatever is in it. If `bytes_per_class` is not 0, it may
    weigh that many bytes for each class of the sequence instead.

    `max_flops` and `max_examples` are what all steps of a run together may take, in floating-point operations (as
    `flops` counts them) and in training examples shown; 0 is no cap. Nights are shortened in proportion until a run
    is within both: their learning rates go through the same schedule in fewer steps. What is not sleep is as long as
    it was and counts against the caps.

    `image_side` is the height and width of the images that are read and remembered; 0 leaves them as they are. By
    itself it shrinks square images, by exact means over areas. Images of any sizes need a `resize_side`, not smaller:
    the shorter side of each is brought to that many pixels (bilinear, antialiased), and the square of `image_side`
    pixels (0: `resize_side`) is cut out of the middle. `decoder` decodes JPEG files: the results of the two differ.
    Images in files whose headers cannot be read are an error when they are met; with `unreadable=skip` all headers are
    read at the start, and such images are left out and counted. What breaks later is an error in any case.

    `network_side` is the height and width of what the network sees of them; 0 shows them whole. Awake, and when it is
    examined, it sees the middle of images; asleep, what `sleep.augmentation` makes of recalled ones, which must be of
    that size, as by random_resized_crop(side=224).

    `network`, `method`, `evaluators`, `budget_policy` and `figures` (none: all there are) are parts by name, with
    settings of their own (see `registry`); `plugins` are modules that register more of them.

    Raises:
        ValueError: an impossible value.
    """

    plugins: tuple[str, ...] = anything(default=())
    method: str = named(METHODS, default="braincl")
    dataset: str = anything(default="embedded:fashion_mnist_mini")
    image_side: int = between(0, 65_536, default=0)
    resize_side: int = between(0, 65_536, default=0)
    network_side: int = between(0, 65_536, default=0)
    decoder: str = one_of(DECODERS, default="pillow")
    unreadable: str = one_of(UNREADABLE, default="error")
    num_tasks: int = between(1, 65_536, default=5)
    classes_per_task: int = between(0, 65_536, default=0)
    class_order_seed: int = between(-1, 2**32 - 1, default=1993)
    validation_fraction: float = between(0, 0.5, default=0.0)
    protocol: ProtocolConfig = nested(default_factory=ProtocolConfig)
    seed: int = between(0, 2**32 - 1, default=0)
    budget_bytes: int = at_least(1, default=392_000)
    bytes_per_class: int = at_least(0, default=0)
    budget_policy: str = named(POLICIES, default="planned")
    max_flops: float = at_least(0, default=0.0)
    max_examples: int = between(0, 2**31 - 1, default=0)
    num_devices: int = between(0, 65_536, default=0)
    eval_batch_size: int = between(1, MOST_IMAGES, default=256)
    network: str = named(BACKBONES, default="resnet8_half")
    evaluators: tuple[str, ...] = named_each(
        EVALUATORS,
        default=(
            *("accuracy", "before_sleep", "task_aware"),
            *("recall_quality", "fingerprint", "confusion"),
        ),
    )
    figures: tuple[str, ...] = named_each(FIGURES, default=())
    codec: CodecConfig = nested(default_factory=CodecConfig)
    wake: WakeConfig = nested(default_factory=WakeConfig)
    sleep: SleepConfig = nested(default_factory=SleepConfig)


def to_mapping(config: Any) -> dict[str, Any]:
    """Plain nested dict of a (nested) config, as it is recorded."""
    return dataclasses.asdict(config)


def changed(recorded: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The settings that are not the defaults: {"sleep.steps": {"value": 700, "default": 400}}, sorted by name.

    Args:
        recorded: as `to_mapping` makes them, also after a journey through JSON; a setting that this version does not
            know has the default None.
    """
    ours, usual = (flat(json.loads(json.dumps(one))) for one in (recorded, to_mapping(Config())))
    return {
        name: {"value": value, "default": usual.get(name)}
        for name, value in sorted(ours.items())
        if name not in usual or value != usual[name]
    }


def flat(mapping: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} -> {"a.b": 1}."""
    entries = {}
    for key, value in mapping.items():
        nested = isinstance(value, Mapping)
        entries |= flat(value, f"{prefix}{key}.") if nested else {prefix + key: value}
    return entries


def from_mapping(mapping: Mapping[str, Any]) -> Config:
    """Checks and freezes settings, such as an `ml_collections.ConfigDict` or those recorded of a run.

    Plugins are imported first, since other settings may name what they register.

    Raises:
        ValueError: an unknown key, a wrong type or an impossible value; it names the key, the value and what is
            possible.
    """
    if not isinstance(mapping, Mapping):
        raise ValueError(f"settings={mapping!r} must be a mapping of names to values")
    plugins = mapping.get("plugins", ())
    import_plugins(check(Config, {"plugins": plugins})["plugins"])
    return Config(**check(Config, mapping))


def _require_divisor(name: str, value: int, whole: str, total: int) -> None:
    if total % value:
        raise ValueError(f"{name}={value} is impossible: it must be a divisor of {whole}={total}")
