from ml_collections import ConfigDict

from braincl_jax.config import Config, to_mapping


def get_config() -> ConfigDict:
    return ConfigDict(to_mapping(Config()))
