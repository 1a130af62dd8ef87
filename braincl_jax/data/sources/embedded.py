"""`embedded:NAME`: small data sets that come with the package."""

from pathlib import Path

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.sources.npz import load_npz

EMBEDDED = Path(__file__).parents[1] / "embedded"


def load_embedded(name: str) -> Dataset:
    """The data set of the file `name`.npz of the package.

    Raises:
        ValueError: there is none.
    """
    possible = sorted(path.stem for path in EMBEDDED.glob("*.npz"))
    if name not in possible:
        raise ValueError(f"embedded:{name}: no such embedded data set; there are {possible}.")
    return load_npz(str(EMBEDDED / f"{name}.npz"))
