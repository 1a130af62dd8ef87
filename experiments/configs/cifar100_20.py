"""Real photographs: 20 classes of CIFAR-100, 5 tasks of 4, 10,000 images of 32x32.

Command:   braincl run --config=cifar100_20 --config.dataset=npz:cifar100.npz
           where `python -m experiments.make_arrays cifar100 cifar-100-binary` has made the file;
           or --config.dataset=tfds:cifar100 once TensorFlow Datasets has prepared it.
Memory:    1,228,800 bytes, as much as 20 raw exemplars of each class.
Expect:    not measured with one codec for all tasks; docs/results.md has what was with decoders of each task's own.
"""

from ml_collections import ConfigDict

from experiments.configs import quickstart


def get_config() -> ConfigDict:
    config = quickstart.get_config()
    config.update(
        {
            "dataset": "npz:cifar100.npz",
            "classes_per_task": 4,
            "budget_bytes": 1_228_800,
            "network": "resnet8",
            "codec": {"width": 32, "first_steps": 3000, "steps": 1500},
            "sleep": {"augmentation": "crop_flip_noise(crop_padding=3, noise=25.0)"},
        }
    )
    return config
