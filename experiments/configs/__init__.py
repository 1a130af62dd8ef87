"""Experiments by name: what `--config=NAME` may name; a file each, whose docstring is its lab note."""
