"""ImageNet-1K: 1,000 classes in 10 tasks of 100, 1,281,167 images, remembered at 256 pixels and seen at 224.

Command:   braincl run --config=imagenet1k --config.dataset=imagenet:/data/imagenet
           (docs/datasets.md says how it is laid out); a look at it first: --config=imagenet1k:smoke.
           What it would take, without the data set: braincl run --dry_run --config=imagenet1k
           --config.dataset=generated:classes=1000,train=1281167,test=50000,side=256
Takes:     computed by --dry_run, not measured: 493,255,296 images asleep in 3,853,557 steps, 3,136,000 for the codec,
           2,562,560 awake; 5,493,160 TFLOP, which would be 38 hours if 40 TFLOP/s were reached (an assumption).
           4.9 GB of state on each device, 9.9 GB in use with all of a batch on one.
Memory:    3,010,560,000 bytes, as much as 20 raw exemplars of 224x224 of each class: 2,350 for each image. `replay_raw`
           keeps 15 of 256x256, or so many with --config.image_side=224 --config.network_side=0.
Expect:    not measured yet. To beat, top-1 %, average and last over 10 tasks of 100, with 20,000 exemplars: FOSTER with
           CIM 69.53 / 62.07, DyTox+ 73.21 / 64.56, TagFex 68.32 / 61.45. SIESTA, in 2.02 GB and without augmentation,
           top-5: 88.33 / 83.59. Published rows of one method differ by up to 16 points.
Source:    nights as published for BrainCL (arXiv:2504.14727): SGD, 70 epochs of all that has been seen, 20 of them
           to warm up, batch 128, learning rate 0.1 to 0.001, weight decay 2e-4; one epoch awake. Its first task had 100
           epochs and each task a codec of its own; here the first has 70, and its codec serves all. Codec and budget
           are not tuned.
"""

from ml_collections import ConfigDict

from experiments.configs import quickstart
from experiments.forms import in_form


def get_config(form: str = "") -> ConfigDict:
    config = quickstart.get_config()
    config.update(
        {
            "dataset": "imagenet:imagenet",
            "resize_side": 256,
            "image_side": 256,
            "network_side": 224,
            "num_tasks": 10,
            "classes_per_task": 100,
            "budget_bytes": 3_010_560_000,
            "network": "resnet18_224(width=64, dtype='bfloat16')",
            "codec": {
                "num_stages": 4,
                "width": 48,
                "analysis_width": 48,
                "lanes_per_image": 16,
                "first_steps": 40_000,
                "steps": 1000,
                "batch_size": 64,
                "learning_rate": 1e-3,
            },
            "wake": {"epochs": 1, "batch_size": 128},
            "sleep": {
                "steps": 700_640,
                "growing": True,
                "warmup_fraction": 20 / 70,
                "batch_size": 128,
                "num_groups": 16,
                "weight_decay": 2e-4,
                "augmentation": "random_resized_crop(side=224)",
            },
        }
    )
    return in_form(config, form)
