"""A long sequence: 250 characters of Omniglot, 50 tasks of 5, 15 drawings of each to learn from."""

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
            "eval_batch_size": 32,
            "num_devices": 1,
            "network": {"width": 16},
            "codec": {
                "width": 4,
                "analysis_width": 16,
                "alphabet_size": 16,
                "first_steps": 400,
                "steps": 60,
            },
            "wake": {"batch_size": 32},
            "sleep": {
                "first_steps": 60,
                "steps": 40,
                "crop_padding": 2,
                "flip": False,
                "noise": 25.0,
            },
        }
    )
    return config
