"""Prepares CORe50, by objects."""

from pathlib import Path

from braincl_jax.data.builders.base import SourceBuilder
from braincl_jax.data.dataset import Dataset
from braincl_jax.data.sources.core50 import HOW, load_core50


class Builder(SourceBuilder):
    """50 objects; sessions 3, 7 and 10 are the split `test`. The folder core50_128x128 lies in the manual folder."""

    MANUAL_DOWNLOAD_INSTRUCTIONS = HOW

    def load(self, folder: Path) -> Dataset:
        """The data set of the folder core50_128x128."""
        return load_core50(str(folder / "core50_128x128"))
