"""The flag `--plugins` of commands that draw several runs: modules of yours that are imported before anything else."""

from absl import flags

from braincl_jax.registry import import_plugins

PLUGINS = flags.DEFINE_list(
    "plugins", [], "Modules that register parts of your own, separated by commas."
)


def imported() -> tuple[str, ...]:
    """Imports what the flag names, and returns it.

    Raises:
        ValueError: as `import_plugins`.
    """
    names = tuple(PLUGINS.value)
    import_plugins(names)
    return names
