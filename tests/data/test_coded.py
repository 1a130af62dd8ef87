"""Strings as good as there is room for, and decoded as Pillow decodes them."""

import io

import numpy as np
import pytest
from PIL import Image

from braincl_jax.data.coded import CODECS, QUALITIES, decode, encode


def image(channels: int = 3) -> np.ndarray:
    """A gradient with a little noise, 24x20."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 200, 24)[:, None, None] + np.linspace(0, 20, 20)[:, None]
    noisy = ramp + rng.integers(0, 30, (24, 20, channels))
    return noisy.astype(np.uint8)


def pillow(codec: str, quality: int, pixels: np.ndarray) -> bytes:
    """The whole file."""
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, codec, quality=quality, method=6)
    return file.getvalue()


@pytest.mark.parametrize(
    ("codec", "bound", "channels"),
    [("WEBP", 270, 1), ("WEBP", 370, 3), ("JPEG", 200, 1), ("JPEG", 300, 3)],
)
def test_all_have_the_highest_quality_at_which_they_fit(codec, bound, channels):
    images = [image(channels), image(channels)[::-1], image(channels) // 2]

    def fits(lengths: np.ndarray) -> bool:
        return lengths.sum() <= 3 * bound

    strings = encode(images, codec, fits)
    assert sum(map(len, strings)) <= 3 * bound
    pack = CODECS[codec].pack
    every = [[pack(one, quality) for one in images] for quality in QUALITIES]
    # The next quality that makes other strings takes too much.
    better = every[len(every) - every[::-1].index(strings)]
    assert sum(map(len, better)) > 3 * bound


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("codec", "constant"), [("WEBP", 27), ("JPEG", 300)])
@pytest.mark.parametrize("quality", [1, 50, 100])
def test_strings_are_files_without_what_is_constant(codec, constant, channels, quality):
    pixels = image(channels)
    string, file = CODECS[codec].pack(pixels, quality), pillow(codec, quality, pixels)
    assert len(file) - len(string) >= constant
    expected = np.asarray(Image.open(io.BytesIO(file)).convert("L" if channels == 1 else "RGB"))
    # Zeros behind a string, one or many, mean nothing.
    for behind in (0, 1, 50):
        found = decode(string + bytes(behind), codec, (24, 20, channels))
        np.testing.assert_array_equal(found, expected.reshape(24, 20, channels))


@pytest.mark.parametrize("codec", ["WEBP", "JPEG"])
def test_images_of_other_content_unpack_as_well(codec):
    rng = np.random.default_rng(1)
    for pixels in rng.integers(0, 256, (20, 9, 13, 3), np.uint8):
        file = pillow(codec, 40, pixels)
        string = CODECS[codec].pack(pixels, 40)
        expected = np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))
        np.testing.assert_array_equal(decode(string + bytes(30), codec, (9, 13, 3)), expected)


def test_what_does_not_fit_at_the_lowest_quality_is_refused():
    with pytest.raises(ValueError, match=r"24x20x3 have \d+ bytes each as JPEG .* too much"):
        encode([image()], "JPEG", lambda lengths: lengths.max() <= 10)
