"""The whole method on 5,000 Fashion-MNIST images: 10 classes, 5 tasks of 2.

Command:   braincl run
Takes:     about 1.5 minutes on 2 CPU cores (80 s to 138 s measured, beside other work).
Memory:    392,000 bytes, 10 % of the raw training images.
Expect:    see the results table in README.md.
"""

from ml_collections import ConfigDict

from braincl_jax.config import Config, to_mapping


def get_config() -> ConfigDict:
    return ConfigDict(to_mapping(Config()))
