"""Med40: 40 classes of seven MedMNIST data sets in 4 tasks of 10, at most 500 images of a class, at 64x64.

Command:   braincl run --config=med40, in a folder where medmnist/pathmnist_64.npz and the six others lie;
           or --config.dataset=medmnist:/data/pathmnist_64.npz+... (docs/datasets.md), in this order.
           At 28 pixels, FLAG.npz; at 128 or 224, unzipped and named as folders, which are mapped.
Takes:     computed by --dry_run for 20,000 images, not measured: 3,488,000 images asleep in 27,250 steps, 697,600 for
           the codec; 43,679 TFLOP, which would be 0.3 hours if 40 TFLOP/s were reached (an assumption). Small classes
           have fewer than 500 images.
Memory:    9,830,400 bytes, as much as 20 raw exemplars of each class: some 500 for each image.
Expect:    not measured yet.
Source:    classes, tasks and nights as published for BrainCL (arXiv:2504.14727), at 64 pixels in place of 224; the
           order of classes is NumPy's permutation with seed 1999 of those of path, derma, oct, pneumonia, breast, blood
           and tissue, in this order. Which images of a class are used is not published: here, evenly spaced ones.
"""

from ml_collections import ConfigDict

from experiments.configs import imagenet1k
from experiments.forms import in_form

FLAGS = ("path", "derma", "oct", "pneumonia", "breast", "blood", "tissue")


def get_config(form: str = "") -> ConfigDict:
    config = imagenet1k.get_config()
    config.update(
        {
            "dataset": "medmnist:medmnist/" + "+".join(f"{flag}mnist_64.npz" for flag in FLAGS),
            "image_side": 0,
            "resize_side": 0,
            "network_side": 0,
            "num_tasks": 4,
            "classes_per_task": 10,
            "class_order_seed": 1999,
            "protocol": {"max_per_class": 500},
            "budget_bytes": 9_830_400,
            "network": "resnet18(width=64, dtype='bfloat16')",
            "codec": {
                "num_stages": 3,
                "width": 32,
                "analysis_width": 32,
                "lanes_per_image": 8,
                "first_steps": 10_000,
                "steps": 300,
            },
            "sleep": {
                "steps": 10_900,
                "augmentation": "crop_flip_noise(crop_padding=4, noise=0.0)",
            },
        }
    )
    return in_form(config, form)
