"""One worked example for each door of the package, explained in docs/extending.md; a config names them as plugins."""
