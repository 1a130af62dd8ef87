"""The whole method on 5,000 Fashion-MNIST images: 10 classes, 5 tasks of 2.

Command:   braincl run
Takes:     3 minutes on one CPU core (179 s measured).
Memory:    392,000 bytes, 10 % of the raw training images.
Expect:    see the results table in README.md.
Source:    on held-out images (--config.validation_fraction=0.2, seed 0), at learning rate 0.1: `joint` 89.0 % without
           noise; `replay_raw` 84.7 with noise 25, 82.0 without; `braincl` 89.6 with noise 12, and with g_a twice as
           wide (`codec.analysis_width=32`), which is in memory, 88.3 with noise 12, 87.9 without, 87.5 with 25.
"""

from ml_collections import ConfigDict

from braincl_jax.config import Config, to_mapping


def get_config() -> ConfigDict:
    return ConfigDict(to_mapping(Config()))
