"""Strings of a bounded length: as good as the bound allows, and decoded as Pillow decodes them."""

import io

import numpy as np
import pytest
from PIL import Image

from braincl_jax.data.coded import decode, encode


def image(channels: int = 3) -> np.ndarray:
    """A gradient with a little noise, 24x20."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 200, 24)[:, None, None] + np.linspace(0, 20, 20)[:, None]
    noisy = ramp + rng.integers(0, 30, (24, 20, channels))
    return noisy.astype(np.uint8)


def pillow(codec: str, quality: int, pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, codec, quality=quality, optimize=True)
    return file.getvalue()


@pytest.mark.parametrize(
    ("codec", "bound", "channels"),
    [("WEBP", 300, 1), ("WEBP", 400, 3), ("JPEG", 400, 1), ("JPEG", 700, 3)],
)
def test_it_is_the_highest_quality_within_the_bound(codec, bound, channels):
    string = encode(image(channels), codec, bound)
    assert len(string) <= bound
    strings = [pillow(codec, quality, image(channels)) for quality in range(101)]
    # The next quality that makes another string takes too much.
    better = strings[100 - strings[::-1].index(string) + 1]
    assert len(better) > bound


@pytest.mark.parametrize("codec", ["WEBP", "JPEG"])
def test_zeros_behind_a_string_mean_nothing(codec):
    string = encode(image(), codec, 900)
    expected = np.asarray(Image.open(io.BytesIO(string)).convert("RGB"))
    found = decode(string + bytes(50), 3)
    np.testing.assert_array_equal(found, expected)
    assert np.abs(found.astype(int) - image()).mean() < 15


def test_a_grey_image_stays_grey():
    assert decode(encode(image(1), "WEBP", 300), 1).shape == (24, 20, 1)


def test_what_does_not_fit_at_the_lowest_quality_is_refused():
    with pytest.raises(ValueError, match=r"24x20x3 has .* bytes as JPEG .* not at most 100"):
        encode(image(), "JPEG", 100)
