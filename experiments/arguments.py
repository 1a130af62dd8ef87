"""Settings as they stand on a command line: `--config=NAME or FILE.py --config.KEY=VALUE ...`."""

from collections.abc import Sequence
from typing import Any

from absl import flags
from ml_collections import config_flags

from braincl_jax.config import Config, from_mapping
from braincl_jax.runtime.provenance import provenance
from experiments import entry
from experiments.packaged import called, define_config


def read_config(arguments: Sequence[str]) -> Config:
    """The config that `experiments.launch` would make of these arguments.

    Raises:
        ValueError: there is no such config, a setting is unknown or impossible, or an argument is none for a config.
    """
    argv, values = ["", *arguments], flags.FlagValues()
    define_config("The settings.", values, argv)
    entry.require_known(argv)
    try:
        _, *others = values(argv)
        config: Any = values["config"].value
    except flags.IllegalFlagValueError as error:
        raise entry.illegal(str(error), arguments) from error
    except (flags.Error, OSError, AttributeError, KeyError) as error:
        raise ValueError(f"{' '.join(arguments)}: {error}") from error
    if others:
        raise ValueError(
            f"{' '.join(others)}: need --config=... and --config.KEY=VALUE, and nothing else"
        )
    return from_mapping(config.to_dict())


def command_of(config_flag: flags.FlagHolder) -> str:
    """What repeats the run of this process, wherever its files go: the config and the settings given besides."""
    flag = flags.FLAGS[config_flag.name]
    name = called(config_flags.get_config_filename(flag))
    given = config_flags.get_override_values(flag)
    arguments = [f"--config={name}", *(f"--config.{key}={value}" for key, value in given.items())]
    return provenance("experiments.launch", arguments)["command"]
