"""A long sequence: 250 characters of Omniglot in 50 tasks of 5, with 15 drawings of each to learn from.

Command:   braincl run --config=omniglot_50 --config.dataset=npz:omniglot.npz
           where the file holds x_train, y_train, x_test, y_test: drawings of any square size (105x105 as published)
           and integers, one class a character, its 20 drawings shared out as 15 and 5. The first 250 characters of
           the class order are used, at 28x28 pixels.
Takes:     about 16 minutes on one CPU core beside other work; networks this small gain nothing from more devices.
Memory:    294,000 bytes, 10 % of the raw training images. Each task has a table of its own for but 75 images.
Expect:    90.9 % after the last task, joint 92.0, raw exemplars 64.2 (seed 0, docs/results.md).
           experiments/benchmarks/long_sequence.py interrupts it and watches step times.
Source:    steps were chosen on held-out drawings (--config.validation_fraction=0.2): with 60 steps of the codec and
           40 of sleep for each task, strings did not get short enough for all of them to fit, and accuracy after 19
           tasks was 8 % in place of 85 %.
"""

from ml_collections import ConfigDict

from experiments.configs import quickstart


def get_config() -> ConfigDict:
    config = quickstart.get_config()
    config.update(
        {
            "dataset": "npz:omniglot.npz",
            "image_side": 28,
            "num_tasks": 50,
            "classes_per_task": 5,
            "budget_bytes": 294_000,
            "num_devices": 1,
            "eval_batch_size": 32,
            "codec": {
                "width": 4,
                "analysis_width": 16,
                "first_steps": 600,
                "steps": 200,
            },
            "wake": {"batch_size": 32},
            "sleep": {
                "steps": 150,
                # A mirrored character is another one.
                "augmentation": "crop_flip_noise(crop_padding=2, flip=False, noise=25.0)",
            },
        }
    )
    return config
