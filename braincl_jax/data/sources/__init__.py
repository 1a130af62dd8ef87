"""Where images come from: named sources, whose data sets are checked once at the door.

A source is named `SCHEME:REST`. Its function turns REST into a `Dataset`; `load_source` checks it, whoever wrote the
function:

    @register_source("mine")
    def _mine(rest: str) -> Dataset: ...
"""

from collections.abc import Callable

from braincl_jax.data.dataset import Dataset, checked
from braincl_jax.data.sources.core50 import load_core50
from braincl_jax.data.sources.embedded import load_embedded
from braincl_jax.data.sources.folder import load_folder
from braincl_jax.data.sources.generated import load_generated
from braincl_jax.data.sources.imagenet import load_imagenet
from braincl_jax.data.sources.medmnist import load_medmnist
from braincl_jax.data.sources.npy import load_npy
from braincl_jax.data.sources.npz import load_npz
from braincl_jax.data.sources.tfds import load_tfds
from braincl_jax.data.sources.tiny_imagenet import load_tiny_imagenet

Source = Callable[[str], Dataset]
_SOURCES: dict[str, Source] = {
    "core50": load_core50,
    "embedded": load_embedded,
    "folder": load_folder,
    "generated": load_generated,
    "imagenet": load_imagenet,
    "medmnist": load_medmnist,
    "npy": load_npy,
    "npz": load_npz,
    "tfds": load_tfds,
    "tiny_imagenet": load_tiny_imagenet,
}


def register_source(scheme: str) -> Callable[[Source], Source]:
    """Decorator that makes a function the source of names `scheme:REST`.

    Args:
        scheme: what stands before the first colon of a name.

    Returns:
        A decorator that gives the function back unchanged. The function takes REST and gives a data set; labels may be
        of any integers, class names may be left out, and nothing needs to be checked.

    Raises:
        ValueError: if the scheme is empty, has a colon, or is taken by another function.
    """
    if not scheme or ":" in scheme:
        raise ValueError(f"scheme={scheme!r}: need a word without a colon.")
    if scheme in _SOURCES:
        raise ValueError(f"scheme={scheme!r} is taken; taken are {sorted(_SOURCES)}.")

    def register(source: Source) -> Source:
        _SOURCES[scheme] = source
        return source

    return register


def load_source(name: str) -> Dataset:
    """Finds a data set by name; its pixels are read when they are asked for, but for `npz` and `embedded`.

    Args:
        name: one of
            `embedded:NAME`, a small data set of the package, such as fashion_mnist_mini;
            `npz:/path/file.npz`, holding x_train, y_train, x_test, y_test, which are read into memory;
            `npy:/path`, a folder of x_train.npy, y_train.npy, x_test.npy, y_test.npy, mapped;
            `folder:/path`, holding images of any format that Pillow reads below train/CLASS and test/CLASS (or
                val/CLASS); classes are numbered in the order of their names, images are RGB unless all are greyscale,
                and stand upright;
            `tfds:NAME`, prepared beforehand as array_record in the usual data directory; where there is no split
                `test`, `validation` stands in;
            `imagenet:/path`, `tiny_imagenet:/path`, `core50:/path` or `medmnist:/path/file.npz+file.npz`, what their
                distributors ship; the last three take options, as in `core50:/path?classes=categories`;
            `generated:classes=1000,train=1281167,test=50000,side=256`, images that are made when they are asked for,
                for dry runs and benchmarks; all of it may be left out, and `channels` be 1;
            or a name of a scheme added by `register_source`.

    Returns:
        The data set, checked.

    Raises:
        ValueError: if the scheme is unknown, something is not found or cannot be read, a package is absent, or the data
            set is not what `Dataset` says. (Greyscale arrays [N, H, W] are fine: C becomes 1.)
    """
    scheme, _, rest = name.partition(":")
    if scheme not in _SOURCES:
        raise ValueError(
            f"dataset={name!r}: unknown source {scheme!r}; "
            f"need SCHEME:REST with SCHEME one of {sorted(_SOURCES)}."
        )
    dataset = _SOURCES[scheme](rest)
    if not isinstance(dataset, Dataset):
        raise ValueError(f"{name}: its source gave a {type(dataset).__name__}; need a Dataset.")
    return checked(name, dataset)
