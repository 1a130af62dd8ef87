"""The probe learns what can be told from small pieces of an image, and says so of images that it has not seen."""

import numpy as np
import pytest

from braincl_jax.evaluators import probe

SHAPE = (12, 12, 3)


def noise(rng, number: int) -> np.ndarray:
    return rng.integers(0, 256, (number, *SHAPE))


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(0)


def blurred(images: np.ndarray) -> np.ndarray:
    return (images + np.roll(images, 1, 2)) // 2


def test_blur_is_told_from_noise(rng):
    images = np.concatenate([noise(rng, 300), blurred(noise(rng, 300))]).astype(np.uint8)
    label = np.repeat([0, 1], 300)
    tell = probe.fit(images[::2], label[::2], 2, seed=0)
    assert (tell(images[1::2]) == label[1::2]).mean() > 0.97


def test_where_there_is_nothing_to_tell_it_guesses(rng):
    images, label = noise(rng, 600).astype(np.uint8), np.tile([0, 1, 2], 200)
    tell = probe.fit(images[:300], label[:300], 3, seed=0)
    assert (tell(images[300:]) == label[300:]).mean() == pytest.approx(1 / 3, abs=0.09)


def test_the_same_seed_gives_the_same_probe_and_chunks_do_not_matter(rng, monkeypatch):
    images, label = noise(rng, 100).astype(np.uint8), np.tile([0, 1], 50)
    answers = [probe.fit(images, label, 2, seed=3)(images) for _ in range(2)]
    monkeypatch.setattr(probe, "CHUNK", 7)
    answers.append(probe.fit(images, label, 2, seed=3)(images))
    for other in answers[1:]:
        np.testing.assert_array_equal(answers[0], other)
