"""Images without labels, to ask about: the test images of a source, or all pictures below a folder."""

from pathlib import Path

from braincl_jax.data.images import Encoded, Images
from braincl_jax.data.sources import load_source
from braincl_jax.data.sources.folder import Pictures, picture_suffixes
from braincl_jax.data.sources.paths import Paths, files_below

SCHEME = "images:"


def load_unlabelled(name: str) -> Images | Encoded:
    """Finds images by name.

    Args:
        name: as of `load_source`, whose test images are taken; or `images:PATH`, a folder in which, and in folders
            further down, all files of a format that Pillow reads count, in the order of their paths: that is how
            ImageNet-O, Textures and their like are distributed.

    Raises:
        ValueError: as `load_source`, or there is no picture below PATH.
    """
    if not name.startswith(SCHEME):
        return load_source(name).test
    folder, suffixes = Path(name.removeprefix(SCHEME)), picture_suffixes()
    found = sorted(files_below(folder)) if folder.is_dir() else []
    files = Paths(file for file in found if file.suffix.lower() in suffixes)
    if not len(files):
        raise ValueError(
            f"{name}: no picture (.png, .jpg, .webp, .bmp, ...) in or below that folder"
        )
    return Pictures.of(files)
