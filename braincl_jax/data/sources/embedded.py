"""`embedded:NAME`: small data sets that come with the package."""

from pathlib import Path

from braincl_jax.data.dataset import Dataset
from braincl_jax.data.sources.npz import load_npz

EMBEDDED = Path(__file__).parents[1] / "embedded"
# As Xiao, Rasul and Vollgraf (arXiv:1708.07747) call them.
CLASS_NAMES = {
    "fashion_mnist_mini": (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    )
}


def load_embedded(name: str) -> Dataset:
    """The data set of the file `name`.npz of the package.

    Raises:
        ValueError: there is none.
    """
    possible = sorted(path.stem for path in EMBEDDED.glob("*.npz"))
    if name not in possible:
        raise ValueError(f"embedded:{name}: no such embedded data set; there are {possible}.")
    dataset = load_npz(str(EMBEDDED / f"{name}.npz"))
    return dataset._replace(class_names=CLASS_NAMES[name])
