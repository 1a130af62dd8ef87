"""20 classes of CIFAR-100 in nights long enough for joint training to be strong.

Command:   braincl run --config=cifar100_20_long --config.dataset=npz:cifar100.npz
           data as for cifar100_20.py.
Takes:     15 minutes on one CPU core with two virtual devices: 15,000 steps of replay. The last night has 5,000 of
           them, the first 1,000: each night shows what has been seen so far 32 times.
Memory:    1,228,800 bytes, as in cifar100_20.py.
Expect:    see docs/results.md.
Source:    learning rate, augmentation, codec and a wake that does not last were chosen on held-out images
           (--config.validation_fraction=0.1).
           At half the resolution and twice the width a step takes half as long as one of `resnet8`.
"""

from ml_collections import ConfigDict

from experiments.configs import cifar100_20


def get_config() -> ConfigDict:
    config = cifar100_20.get_config()
    config.update(
        {
            "network": "resnet8_half(width=32)",
            "codec": {
                "shared": "codec",
                "width": 48,
                "analysis_width": 16,
                "first_steps": 8000,
                "steps": 400,
            },
            "wake": {"lasting": False},
            "sleep": {
                "steps": 5000,
                "growing": True,
                "learning_rate": 0.1,
                "augmentation": "crop_flip_noise(crop_padding=3, noise=0.0)",
            },
        }
    )
    return config
