"""Every phase, hardly trained: does it run? Not a result.

Command:   braincl run --config=smoke
Takes:     a few minutes on a busy core; most of it is compiling.
Memory:    392,000 bytes.
Expect:    accuracy somewhat above chance.
"""

from ml_collections import ConfigDict

from experiments.configs import quickstart


def get_config() -> ConfigDict:
    config = quickstart.get_config()
    config.update(
        {
            "network": "resnet8_half(width=8)",
            "codec": {"first_steps": 100, "steps": 40},
            "wake": {"epochs": 1},
            "sleep": {"steps": 20},
        }
    )
    return config
