"""CORe50, new classes: 50 objects in 5 tasks of 10, 119,894 frames of 128x128.

Command:   braincl run --config=core50 --config.dataset=core50:/data/core50_128x128
           a look at it first: --config=core50:smoke.
           In the order and the nine batches of a list of its authors: --config.num_tasks=9
           --config.classes_per_task=0 --config.protocol.first_task_classes=10 --config.class_order_seed=-1
           '--config.dataset=core50:/data/core50_128x128?lists=NC_inc/run0'
Takes:     computed by --dry_run, not measured: 25,178,240 images asleep in 196,705 steps, 1,408,000 for the codec;
           80,174 TFLOP, which would be 0.6 hours if 40 TFLOP/s were reached (an assumption). 0.2 GB of state.
Memory:    49,152,000 bytes, as much as 20 raw exemplars of each object: 410 for each frame.
Expect:    not measured yet. Frames of a session are alike, and sessions 3, 7 and 10 are tested on: accuracy is of new
           places, not of new frames.
Source:    protocol and nights as published for BrainCL (arXiv:2504.14727), at 128 pixels in place of 224; the order of
           classes is NumPy's permutation with seed 1999.
"""

from ml_collections import ConfigDict

from experiments.configs import imagenet1k
from experiments.forms import in_form


def get_config(form: str = "") -> ConfigDict:
    config = imagenet1k.get_config()
    config.update(
        {
            "dataset": "core50:core50_128x128",
            "image_side": 0,
            "resize_side": 0,
            "network_side": 0,
            "num_tasks": 5,
            "classes_per_task": 10,
            "class_order_seed": 1999,
            "budget_bytes": 49_152_000,
            "codec": {
                "num_stages": 3,
                "width": 32,
                "analysis_width": 32,
                "first_steps": 20_000,
                "steps": 500,
            },
            "sleep": {"steps": 65_567, "augmentation": "random_resized_crop(smallest=0.25)"},
        }
    )
    return in_form(config, form)
