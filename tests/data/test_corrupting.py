"""Corrupted images: what the package is handed, that nothing is left to chance, and what the package makes of it."""

import ast
import importlib
import importlib.util
import inspect
import sys
import types

import numpy as np
import pytest

from braincl_jax.data.corrupted import COMMON, EXTRA, SEVERITIES, Shifted
from braincl_jax.data.corrupting import corrupt, corrupted_subset, corruptor
from braincl_jax.data.fit import Fitted
from braincl_jax.data.subset import subset_of

HERE = importlib.util.find_spec("imagecorruptions") is not None
NEEDED = pytest.mark.skipif(not HERE, reason="imagecorruptions-imaug is absent")
# What severities 1 to 5 mean in ImageNet-C, read in its make_imagenet_c.py (repository hendrycks/robustness). All but
# `elastic_transform`, where the package goes its own way: no affine map, and strengths of its own.
CONSTANTS = {
    "gaussian_noise": (0.08, 0.12, 0.18, 0.26, 0.38),
    "shot_noise": (60, 25, 12, 5, 3),
    "impulse_noise": (0.03, 0.06, 0.09, 0.17, 0.27),
    "speckle_noise": (0.15, 0.2, 0.35, 0.45, 0.6),
    "gaussian_blur": (1, 2, 3, 4, 6),
    "glass_blur": ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
    "defocus_blur": ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
    "motion_blur": ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
    "zoom_blur": tuple(
        np.arange(1, end, step).tolist()
        for end, step in ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))
    ),
    "fog": ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)),
    "frost": ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)),
    "snow": (
        *((0.1, 0.3, 3, 0.5, 10, 4, 0.8), (0.2, 0.3, 2, 0.5, 12, 4, 0.7)),
        *((0.55, 0.3, 4, 0.9, 12, 8, 0.7), (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65)),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    ),
    "spatter": (
        *((0.65, 0.3, 4, 0.69, 0.6, 0), (0.65, 0.3, 3, 0.68, 0.6, 0), (0.65, 0.3, 2, 0.68, 0.5, 0)),
        *((0.65, 0.3, 1, 0.65, 1.5, 1), (0.67, 0.4, 1, 0.65, 1.5, 1)),
    ),
    "contrast": (0.4, 0.3, 0.2, 0.1, 0.05),
    "brightness": (0.1, 0.2, 0.3, 0.4, 0.5),
    "saturate": ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)),
    "jpeg_compression": (25, 18, 15, 10, 7),
    "pixelate": (0.6, 0.5, 0.4, 0.3, 0.25),
}


@pytest.fixture
def asked(monkeypatch) -> list:
    """A package that adds a random number to red, 1 to green and 2 to blue, and what it was asked."""
    calls = []

    def corrupt(image, severity, corruption_name, **own):
        calls.append((image.shape, severity, corruption_name, own))
        added = np.array([np.random.randint(3, 250), 1, 2])  # noqa: NPY002
        return (image + added).astype(np.uint8)

    monkeypatch.setitem(sys.modules, "imagecorruptions", types.SimpleNamespace(corrupt=corrupt))
    return calls


def test_small_grey_images_are_enlarged_coloured_and_cut_back(asked):
    image = np.arange(28 * 20, dtype=np.uint8).reshape(28, 20, 1) // 8
    corrupted = corrupt(image, "snow", 3, seed=7)
    np.testing.assert_array_equal(corrupted, image + 1)
    assert asked == [((32, 32, 3), 3, "snow", {})]


def test_what_has_a_generator_of_its_own_is_handed_the_seed(asked):
    image = np.zeros((40, 40, 3), np.uint8)
    for name in ("impulse_noise", "glass_blur"):
        corrupt(image, name, 1, seed=9)
    assert [own for *_, own in asked] == [{"seed": 9}] * 2


def test_a_seed_says_all_and_the_global_generator_is_left_alone(asked):
    image = np.zeros((40, 40, 3), np.uint8)
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    one, other, again = (corrupt(image, "fog", 2, seed=seed) for seed in (1, 2, 1))
    assert np.random.random() == expected  # noqa: NPY002
    np.testing.assert_array_equal(one, again)
    assert (one[..., 0] != other[..., 0]).all()


def pixels(shifted: Shifted, rows: np.ndarray) -> np.ndarray:
    return Fitted(shifted.images, (16, 16, 1)).take(rows)


def test_an_image_is_corrupted_alike_however_many_are_asked_for(asked, tiny_stream):
    many, few = (subset_of(tiny_stream, 1, number) for number in (32, 4))
    of_many, of_few = (corrupted_subset(one, seed=0).read("frost", 2) for one in (many, few))
    rows = [
        int(np.flatnonzero((many.task == task) & (many.position == position))[0])
        for task, position in zip(few.task, few.position, strict=True)
    ]
    np.testing.assert_array_equal(pixels(of_many, np.array(rows)), pixels(of_few, np.arange(4)))
    np.testing.assert_array_equal(of_few.label, few.label)


def test_seeds_differ_by_image_corruption_and_severity(asked, tiny_stream, monkeypatch):
    seeds = []
    monkeypatch.setattr(
        "braincl_jax.data.corrupting.corrupt",
        lambda image, name, severity, seed: seeds.append(seed) or image,
    )
    found = corrupted_subset(subset_of(tiny_stream, 1, 4), seed=0)
    for name, severity in (("frost", 1), ("frost", 2), ("fog", 1)):
        pixels(found.read(name, severity), np.arange(4))
    assert len(set(seeds)) == 12


def test_an_absent_package_is_an_error_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "imagecorruptions", None)
    with pytest.raises(ValueError, match=r'pip install "braincl_jax\[corruptions\]"'):
        corruptor()


@NEEDED
def test_the_names_are_those_of_the_package():
    assert corruptor().get_corruption_names("common") == list(COMMON)
    assert corruptor().get_corruption_names("validation") == list(EXTRA)


def by_severity(function) -> tuple:
    """The list that a function of the package looks its severity up in."""
    (table,) = (
        node.value
        for node in ast.walk(ast.parse(inspect.getsource(function)))
        if isinstance(node, ast.Subscript) and ast.unparse(node.slice) == "severity - 1"
    )
    values = eval(ast.unparse(table), {"np": np})
    return tuple(value.tolist() if isinstance(value, np.ndarray) else value for value in values)


@NEEDED
def test_what_severities_mean_is_as_in_imagenet_c_but_for_elastic_transform():
    module = importlib.import_module("imagecorruptions.corruptions")
    named = {name: by_severity(getattr(module, name)) for name in (*COMMON, *EXTRA)}
    elastic = named.pop("elastic_transform")
    assert named == CONSTANTS
    assert elastic == pytest.approx((12.5, 16.25, 21.25, 25, 30))


@NEEDED
@pytest.mark.parametrize("channels", [1, 3])
def test_noise_is_as_strong_as_that_of_imagenet_c(channels):
    grey = np.full((64, 64, channels), 128, np.uint8)
    for severity, strength in zip(SEVERITIES[:3], CONSTANTS["gaussian_noise"], strict=False):
        noisy = corrupt(grey, "gaussian_noise", severity, seed=1)
        assert noisy.std() / 255 == pytest.approx(strength, rel=0.06)


@NEEDED
def test_the_package_repeats_itself_where_it_has_generators_of_its_own():
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    for name in ("impulse_noise", "shot_noise", "elastic_transform"):
        one, again, other = (corrupt(image, name, 2, seed=seed) for seed in (3, 3, 4))
        np.testing.assert_array_equal(one, again)
        assert (one != other).any()
