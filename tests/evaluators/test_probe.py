"""The probe: its statistics by hand, its answers against scikit-learn, and what it can tell at all."""

import numpy as np
import pytest
from scipy.fft import dctn
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from braincl_jax.evaluators import probe


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def noise(rng, number: int, side: int = 16, channels: int = 1) -> np.ndarray:
    return rng.integers(0, 256, (number, side, side, channels))


def test_statistics_are_those_of_the_cosine_transform_of_blocks(rng):
    # 19 rows and columns hold 2 x 2 blocks of 8.
    image = noise(rng, 2, side=19, channels=3).astype(np.uint8)
    found = probe.block_statistics(image)
    assert found.shape == (2, 2 * 8 * 8 * 3)
    spectra = np.stack(
        [
            np.asarray(dctn(image[1, r : r + 8, c : c + 8] / 255, axes=(0, 1), norm="ortho"))
            for r in (0, 8)
            for c in (0, 8)
        ]
    )
    expected = [np.log(np.square(spectra).mean(0) + probe.FLOOR), spectra.mean(0)]
    np.testing.assert_allclose(found[1], np.ravel(expected), rtol=1e-4, atol=1e-5)


def test_images_that_are_transformed_apart_have_the_same_statistics(rng, monkeypatch):
    images = noise(rng, 5).astype(np.uint8)
    together = probe.block_statistics(images)
    monkeypatch.setattr(probe, "MOST_NUMBERS", 2 * 16 * 16)
    np.testing.assert_allclose(probe.block_statistics(images), together, rtol=1e-6, atol=1e-7)


def test_images_smaller_than_a_block_are_one_block(rng):
    assert probe.block_statistics(noise(rng, 3, side=5).astype(np.uint8)).shape == (3, 50)


def test_answers_are_those_of_linear_discriminant_analysis(rng):
    images = noise(rng, 240)
    label = np.repeat([0, 1, 2], 80)
    images[label == 1, ::2] //= 2
    images[label == 2, :, ::2] //= 2
    images = images.astype(np.uint8)
    features = probe.block_statistics(images)
    tell = probe.fit(features[::2], label[::2], 3)
    scaled = (features - features[::2].mean(0)) / features[::2].std(0)
    oracle = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=probe.SHRINKAGE)
    expected = oracle.fit(scaled[::2], label[::2]).predict(scaled[1::2])
    # Its shrinkage is towards the mean variance within labels, ours towards 1.
    assert np.mean(tell(features[1::2]) == expected) > 0.98
    assert np.mean(expected == label[1::2]) > 0.95


def test_blur_is_told_from_noise(rng):
    sharp, blurred = noise(rng, 200), noise(rng, 200)
    blurred = (blurred + np.roll(blurred, 1, 2)) // 2
    images, label = np.concatenate([sharp, blurred]).astype(np.uint8), np.repeat([0, 1], 200)
    features = probe.block_statistics(images)
    tell = probe.fit(features[::2], label[::2], 2)
    assert (tell(features[1::2]) == label[1::2]).mean() > 0.97


def test_where_there_is_nothing_to_tell_it_guesses(rng):
    images, label = noise(rng, 600).astype(np.uint8), np.tile([0, 1, 2], 200)
    features = probe.block_statistics(images)
    tell = probe.fit(features[:300], label[:300], 3)
    assert (tell(features[300:]) == label[300:]).mean() == pytest.approx(1 / 3, abs=0.09)


def test_images_without_any_texture_are_no_trouble():
    images = np.zeros((8, 8, 8, 1), np.uint8)
    images[4:] = 100
    label = np.repeat([0, 1], 4)
    features = probe.block_statistics(images)
    np.testing.assert_array_equal(probe.fit(features, label, 2)(features), label)
