"""Settings as they stand on a command line: `--config=FILE.py --config.KEY=VALUE ...`."""

from collections.abc import Sequence
from pathlib import Path

from absl import flags
from ml_collections import config_flags

from braincl_jax.config import Config, from_mapping
from braincl_jax.runtime.provenance import provenance

ROOT = Path(__file__).parents[1]


def read_config(arguments: Sequence[str]) -> Config:
    """The config that `experiments.launch` would make of these arguments.

    Raises:
        ValueError: there is no such file, a setting is unknown or impossible, or an argument is none for a config.
    """
    argv, values = ["", *arguments], flags.FlagValues()
    config_flags.DEFINE_config_file("config", flag_values=values, sys_argv=argv)
    try:
        values(argv)
        config = values.config.to_dict()
    except (flags.Error, OSError, AttributeError, KeyError) as error:
        raise ValueError(f"{' '.join(arguments)}: {error}") from error
    return from_mapping(config)


def command_of(config_flag: flags.FlagHolder) -> str:
    """What repeats the run of this process, wherever its files go: the config file and the settings given besides."""
    flag = flags.FLAGS[config_flag.name]
    file = Path(config_flags.get_config_filename(flag))
    file = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
    given = config_flags.get_override_values(flag)
    arguments = [f"--config={file}", *(f"--config.{key}={value}" for key, value in given.items())]
    return provenance("experiments.launch", arguments)["command"]
