"""Images as strings of a bounded length, by an image codec of everyday use."""

import io

import numpy as np

from braincl_jax.data.sources.pictures import image_of, pixels_of

QUALITIES = range(101)


def encode(image: np.ndarray, codec: str, most_bytes: int) -> bytes:
    """The string of an image at the highest quality at which it has no more than so many bytes.

    Args:
        image: uint8 [H, W, C], C 1 or 3.
        codec: "WEBP" or "JPEG", or another one of Pillow's that has a quality.
        most_bytes: the bound.

    Raises:
        ValueError: it has more at the lowest quality.
    """

    def string(quality: int) -> bytes:
        file = io.BytesIO()
        image_of(image).image.save(file, codec, quality=quality, optimize=True)
        return file.getvalue()

    # Mostly, a higher quality takes more bytes: the highest is looked for between one that fits and one that does not.
    low, high = QUALITIES[0], QUALITIES[-1] + 1
    best = string(low)
    if len(best) > most_bytes:
        raise ValueError(
            f"an image of {'x'.join(map(str, image.shape))} has {len(best)} bytes as {codec} at the lowest quality, "
            f"and not at most {most_bytes}"
        )
    while high - low > 1:
        middle = (low + high) // 2
        tried = string(middle)
        if len(tried) <= most_bytes:
            low, best = middle, tried
        else:
            high = middle
    return best


def decode(string: bytes, channels: int) -> np.ndarray:
    """uint8 [H, W, C] of a string; what stands behind it means nothing."""
    from PIL import Image

    with Image.open(io.BytesIO(string)) as image:
        return pixels_of(image.convert("L" if channels == 1 else "RGB"))
