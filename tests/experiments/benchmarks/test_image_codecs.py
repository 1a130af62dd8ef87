"""Image codecs: hulls and shared bytes by hand, and every codec that is installed."""

import dataclasses

import numpy as np
import pytest

from experiments.benchmarks import image_codecs
from experiments.benchmarks.image_codecs import ImageCodec


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Smooth colour images, uint8 [12, 16, 16, 3]."""
    ramp = np.arange(16) * 8
    base = ramp[:, None, None] + ramp[None, :, None] // np.array([1, 2, 3])
    return (base[None] + np.arange(12)[:, None, None, None]).astype(np.uint8)


def test_between_two_settings_bytes_are_interpolated_linearly():
    line = [(100.0, 20.0), (200.0, 24.0), (400.0, 26.0)]
    assert image_codecs.interpolate(line, 150) == 22.0
    assert image_codecs.interpolate(line, 300) == 25.0
    assert image_codecs.interpolate(line, 100) == 20.0
    assert image_codecs.interpolate(line, 900) == 26.0
    assert image_codecs.interpolate(line, 99.9) is None


def test_the_upper_hull_leaves_out_what_a_mixture_of_others_beats():
    # (2, 1.2) lies below the line from (0, 0) to (3, 3); (4, 2) costs more and is worse than (3, 3).
    assert image_codecs.hull([(4, 2), (0, 0), (3, 3), (2, 1.2)]) == [(0, 0), (3, 3)]
    rising = [(0, 0), (1, 2), (2, 3), (3, 3.5)]
    assert image_codecs.hull(rising) == rising
    # Of two settings of the same size the better one counts.
    assert image_codecs.hull([(1, 5), (1, 6)]) == [(1, 6)]


@pytest.mark.parametrize(
    ("streams", "shared"),
    [
        ([b"HEADabc", b"HEADxyz"], 4),
        # The third byte is a length that differs, but what follows is the same.
        ([b"HE\x03Dabc", b"HE\x04Dxyzq"], 3),
        # A common ending, of streams that are not equally long.
        ([b"HabcEND", b"HxyzwEND"], 4),
        ([b"same", b"same"], 4),
        # Nothing is counted from both ends.
        ([b"aa", b"aaa"], 2),
        ([b"abc", b"xyz"], 0),
    ],
)
def test_bytes_that_all_streams_share_are_found_from_both_ends(streams, shared):
    assert image_codecs.shared_bytes(streams) == shared


def test_a_stream_costs_its_own_bytes_an_entry_and_a_share_of_the_header(images):
    codec = ImageCodec("JPEG", "JPEG", ({"subsampling": 0},), (50,))
    (setting,) = image_codecs.settings(codec)
    smaller = image_codecs.shrink(images, 1)
    streams = [image_codecs.write(one, codec, setting) for one in smaller]
    shared = image_codecs.shared_bytes(streams)
    assert shared > 500  # The tables of a JPEG.
    point = image_codecs.measure(images, smaller, codec, setting, share=1200)
    mean = np.mean([len(one) for one in streams])
    assert point.whole == pytest.approx(mean + 2)
    assert point.shared == pytest.approx(mean - shared + shared / 1200 + 2)
    assert point.psnr_db > 30


def test_every_codec_has_a_rising_line_for_each_way_to_use_it(images):
    label = np.arange(12) % 2
    for codec in image_codecs.image_codecs(3, report=lambda note: None):
        few = dataclasses.replace(codec, qualities=codec.qualities[-5::2])
        found = image_codecs.lines(images, label, few, number=4)
        assert len(found) == 2 + codec.mosaic
        for name, line in found.items():
            assert name.startswith(f"{codec.name}, ")
            assert line == sorted(line) and line[-1][1] == max(db for _, db in line) > 25


def test_a_shrunken_constant_image_is_itself():
    grey = np.full((2, 8, 12, 1), 77, np.uint8)
    back = image_codecs.enlarge(image_codecs.shrink(grey, 4), (8, 12, 1))
    np.testing.assert_array_equal(back, grey)


def test_a_codec_that_is_not_there_is_left_out_with_a_word(monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(image_codecs.features, "check", lambda name: False)
    monkeypatch.setattr(image_codecs.importlib, "import_module", absent)
    notes = []
    assert [one.name for one in image_codecs.image_codecs(1, notes.append)] == ["JPEG"]
    assert [note.partition(" is")[0] for note in notes] == ["WebP", "AVIF", "JPEG XL"]
