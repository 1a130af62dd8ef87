"""Forms of a config: `--config=NAME` is all of it; `--config=NAME:smoke` is the same in small, to see that it runs."""

from typing import Any

from ml_collections import ConfigDict

SMOKE = "smoke"
# Pixels along a side of images that are remembered, and of what the network sees of them.
SIDE, SEEN = 24, 16
# For every config the same, so that no more is compiled than must be.
SMALL = {
    "image_side": SIDE,
    "resize_side": SIDE,
    "network_side": SEEN,
    "budget_bytes": 60_000,
    "bytes_per_class": 0,
    "num_devices": 1,
    "eval_batch_size": 16,
    "network": "resnet8_half(width=4)",
    "protocol": {"max_per_class": 8},
    "codec": {
        "num_stages": 2,
        "width": 4,
        "analysis_width": 4,
        "lanes_per_image": 1,
        "first_steps": 3,
        "steps": 2,
        "batch_size": 8,
    },
    "wake": {"epochs": 1, "batch_size": 8},
    "sleep": {
        "steps": 3,
        "batch_size": 8,
        "num_groups": 2,
        "accumulate": 1,
        "prefetch_steps": 2,
        "augmentation": f"random_resized_crop(side={SEEN})",
    },
}
# Classes of a task.
FEW = 2


def in_form(config: ConfigDict, form: str) -> ConfigDict:
    """The config in a form.

    Args:
        config: in full; it is changed.
        form: "" for all of it; "smoke" for images of 24 pixels, a network and a codec of a few channels, a few steps,
            and of its protocol the first four classes: in two tasks, or in all domains. Data set, class list, class
            order and what a task brings stay.

    Raises:
        ValueError: there is no such form.
    """
    if form not in ("", SMOKE):
        raise ValueError(f"form {form!r} of a config is unknown; need none, or NAME:{SMOKE}")
    if form == SMOKE:
        config.update(SMALL)
        config.update(_few_classes(config))
    return config


def _few_classes(config: ConfigDict) -> dict[str, Any]:
    protocol: Any = config.protocol
    if protocol.incremental == "domains":
        return {"protocol": {"classes": ", ".join(map(str, range(2 * FEW)))}}
    first = FEW if protocol.first_task_classes else 0
    return {
        "num_tasks": 2,
        "classes_per_task": FEW,
        "protocol": {"first_task_classes": first, "classes_of_tasks": ()},
    }
