"""Pictures of files: both decoders, all orientations, and everything that a file may be besides an image."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from braincl_jax.data.sources.folder import Pictures
from braincl_jax.data.sources.pictures import (
    Picture,
    decode,
    header,
    pixels_of,
    resized_size,
    simplejpeg_decoder,
)


def smooth(height: int, width: int) -> Image.Image:
    small = np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def read(file: Path, decoder: str = "pillow", channels: int = 3, short: int = 0) -> Picture:
    return decode(Pictures.of([file]), 0, channels=channels, decoder=decoder, short=short)


@pytest.fixture
def jpeg(tmp_path) -> Path:
    smooth(96, 160).save(tmp_path / "photo.jpg", quality=95)
    return tmp_path / "photo.jpg"


@pytest.fixture
def simplejpeg() -> Any:
    return pytest.importorskip("simplejpeg")


def test_the_longer_side_is_rounded_down():
    # 3 * 375 / 500 = 2.25 and 3 * 500 / 375 = 4.0; 256 * 500 / 375 = 341.3
    assert resized_size((375, 500), 256) == (256, 341)
    assert resized_size((500, 375), 3) == (4, 3)
    assert resized_size((7, 7), 5) == (5, 5)


def test_pillow_gives_all_pixels_however_few_are_needed(jpeg):
    image, size = read(jpeg, short=8)
    assert (image.size, image.mode, size) == ((160, 96), "RGB", (96, 160))
    np.testing.assert_array_equal(pixels_of(image), np.asarray(Image.open(jpeg)))


def test_simplejpeg_gives_nearly_the_same_pixels(jpeg, simplejpeg):
    one, other = (pixels_of(read(jpeg, which).image) for which in ("pillow", "simplejpeg"))
    assert one.shape == other.shape == (96, 160, 3)
    assert np.abs(one.astype(int) - other).max() <= 4


@pytest.mark.parametrize(
    ("short", "shape"), [(96, (96, 160)), (49, (96, 160)), (48, (48, 80)), (20, (24, 40))]
)
def test_simplejpeg_decodes_to_less_where_that_is_enough(jpeg, simplejpeg, short, shape):
    image, size = read(jpeg, "simplejpeg", short=short)
    assert (image.height, image.width, size) == (*shape, (96, 160))
    expected = Image.open(jpeg).resize(image.size, Image.Resampling.BOX)
    assert np.abs(np.asarray(image).astype(int) - np.asarray(expected)).mean() < 2


@pytest.mark.parametrize("decoder", ["pillow", "simplejpeg"])
def test_all_eight_orientations_stand_upright(tmp_path, decoder, simplejpeg):
    upright = np.asarray(smooth(40, 64).convert("L"))
    # As cameras store what they saw: by the orientation that says so, how the pixels lie.
    lying = {
        **{1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1]},
        **{5: upright.T, 6: np.rot90(upright), 7: upright.T[::-1, ::-1], 8: np.rot90(upright, -1)},
    }
    for orientation, pixels in lying.items():
        image = Image.fromarray(np.ascontiguousarray(pixels))
        exif = image.getexif()
        exif[0x0112] = orientation
        file = tmp_path / f"{orientation}.jpg"
        image.save(file, exif=exif, quality=100)
        turned, size = read(file, decoder, channels=1)
        assert size == (40, 64) == header(Pictures.of([file]), 0).size
        assert np.abs(np.asarray(turned).astype(int) - upright).max() <= 3


def test_what_simplejpeg_does_not_read_is_left_to_pillow(tmp_path, simplejpeg):
    smooth(20, 30).save(tmp_path / "a.png")
    smooth(20, 30).convert("CMYK").save(tmp_path / "b.jpg", quality=100)
    for file in (tmp_path / "a.png", tmp_path / "b.jpg"):
        one, other = (np.asarray(read(file, which).image) for which in ("pillow", "simplejpeg"))
        np.testing.assert_array_equal(one, other)
        assert np.abs(one.astype(int) - np.asarray(smooth(20, 30))).mean() < 3


@pytest.mark.parametrize("decoder", ["pillow", "simplejpeg"])
def test_colours_and_grey_are_made_of_one_another(tmp_path, decoder, simplejpeg):
    smooth(20, 30).save(tmp_path / "colours.jpg")
    smooth(20, 30).convert("L").save(tmp_path / "grey.jpg")
    for name, mode in (("colours", "RGB"), ("grey", "L")):
        assert header(Pictures.of([tmp_path / f"{name}.jpg"]), 0).grey == (mode == "L")
        for channels in (1, 3):
            image = read(tmp_path / f"{name}.jpg", decoder, channels).image
            assert pixels_of(image).shape == (20, 30, channels)
            expected = Image.open(tmp_path / f"{name}.jpg").convert("L")
            assert np.abs(np.asarray(image.convert("L")).astype(int) - expected).max() <= 4


def truncated_jpeg() -> bytes:
    file = io.BytesIO()
    smooth(96, 160).save(file, "jpeg")
    return file.getvalue()[:-200]


def promising_png(side: int) -> bytes:
    """A PNG whose header promises far more pixels than it has."""
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(file, "png")
    data = file.getvalue()
    # 8 bytes of signature, length and name of the first chunk, then width and height; a check sum ends it.
    chunk = b"IHDR" + struct.pack(">II", side, side) + data[24:29]
    return data[:12] + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]


def animated(kind: str) -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), (value, 0, 0)) for value in (0, 255)]
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def of_16_bits() -> bytes:
    file = io.BytesIO()
    Image.new("I;16", (8, 8)).save(file, "png")
    return file.getvalue()


BROKEN = {
    "nothing": (b"", "not a readable image"),
    "text": (b"no image", "not a readable image"),
    "truncated": (truncated_jpeg(), "not a readable image"),
    "bomb": (promising_png(60_000), "exceeds limit of .* pixels"),
    "GIF of two frames": (animated("gif"), "several frames; need one"),
    "WebP of two frames": (animated("webp"), "several frames; need one"),
    "PNG of two frames": (animated("png"), "several frames; need one"),
    "16 bits": (of_16_bits(), "mode I;16; need 8 bits a channel"),
}


@pytest.mark.parametrize("decoder", ["pillow", "simplejpeg"])
@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_image_is_named_in_one_line(tmp_path, simplejpeg, kind, decoder):
    content, says = BROKEN[kind]
    (tmp_path / "odd.jpg").write_bytes(content)
    with pytest.raises(ValueError, match=rf"odd\.jpg: .*{says}.*; replace or remove it") as caught:
        read(tmp_path / "odd.jpg", decoder)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"gone\.jpg: not a readable image"):
        read(tmp_path / "gone.jpg")


def test_a_photograph_with_a_preview_in_the_same_file_is_an_image(tmp_path):
    smooth(40, 64).save(tmp_path / "a.mpo", save_all=True, append_images=[smooth(4, 6)])
    assert read(tmp_path / "a.mpo").size == (40, 64)


def test_the_decoder_is_that_of_simplejpeg(simplejpeg):
    assert simplejpeg_decoder() is simplejpeg.decode_jpeg
