"""Tiny-ImageNet: 200 classes in 10 tasks of 20, 100,000 images of 64x64.

Command:   braincl run --config=tiny_imagenet --config.dataset=tiny_imagenet:/data/tiny-imagenet-200
           a look at it first: --config=tiny_imagenet:smoke.
Takes:     computed by --dry_run, not measured: 38,500,224 images asleep in 300,783 steps, 1,568,000 for the codec;
           480,007 TFLOP, which would be 3.3 hours if 40 TFLOP/s were reached (an assumption). 0.2 GB of state.
Memory:    49,152,000 bytes, as much as 20 raw exemplars of each class: 492 for each image.
Expect:    not measured yet.
Source:    nights as in imagenet1k.py, crops as is usual at 64 pixels; not tuned.
"""

from ml_collections import ConfigDict

from experiments.configs import med40
from experiments.forms import in_form


def get_config(form: str = "") -> ConfigDict:
    config = med40.get_config()
    config.update(
        {
            "dataset": "tiny_imagenet:tiny-imagenet-200",
            "num_tasks": 10,
            "classes_per_task": 20,
            "class_order_seed": 1993,
            "protocol": {"max_per_class": 0},
            "budget_bytes": 49_152_000,
            "codec": {"first_steps": 20_000, "steps": 500},
            "sleep": {"steps": 54_687},
        }
    )
    return in_form(config, form)
