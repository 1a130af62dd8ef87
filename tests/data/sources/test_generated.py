"""Generated images: as many as are asked for, made one by one, and a class can be told from them."""

import tracemalloc

import numpy as np
import pytest

from braincl_jax.data import load_source
from braincl_jax.data.sources.generated import _steps


def test_it_has_the_numbers_sizes_and_classes_that_are_asked_for():
    data = load_source("generated:classes=3,train=7,test=4,side=6,channels=1")
    assert data.train_labels.tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert data.test_labels.tolist() == [0, 1, 2, 0]
    assert data.train.shape == data.test.shape == (6, 6, 1)
    images = data.train.take(np.array([0, 3]))
    assert (images.shape, images.dtype) == ((2, 6, 6, 1), np.uint8)


def test_a_row_is_one_image_in_any_batch_and_no_other_is_like_it():
    data = load_source("generated:classes=2,train=40,test=40,side=8")
    images = data.train.take(np.arange(40))
    np.testing.assert_array_equal(data.train.take(np.array([7, 3, 7])), images[[7, 3, 7]])
    every = np.concatenate([images, data.test.take(np.arange(40))])
    assert len({one.tobytes() for one in every}) == 80


def test_waves_have_whole_turns_along_each_side():
    # Of 10 classes, 4 a row: class 6 has two turns down and two to the right. 256 steps are a turn.
    assert _steps(8, 6, 10)[:3, :3].tolist() == [[0, 64, 128], [64, 128, 192], [128, 192, 0]]
    assert _steps(8, 3, 10)[:, 0].tolist() == [0, 32, 64, 96, 128, 160, 192, 224]


def test_a_class_is_told_by_the_strongest_wave_of_its_images():
    data = load_source("generated:classes=9,train=27,side=32,channels=1")
    spectra = np.abs(np.fft.fft2(data.train.take(np.arange(27))[..., 0].astype(float)))
    spectra[:, 0, 0] = 0
    strongest = [np.unravel_index(one[:17].argmax(), one[:17].shape) for one in spectra]
    assert strongest == [(1 + label // 3, label % 3) for label in data.train_labels]


def test_as_many_as_imagenet_has_take_the_room_of_their_labels():
    tracemalloc.start()
    data = load_source("generated:classes=1000,train=1281167,test=50000,side=256")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(data.train) == 1_281_167 and data.num_classes == 1000
    assert most < 8 * data.train_labels.nbytes
    assert data.train.take(np.array([1_281_166])).shape == (1, 256, 256, 3)


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("side=0", r"generated.side=0 is impossible: it must be between 1 and 4096"),
        ("sides=8", r"unknown setting generated.sides=8; did you mean generated.side"),
        ("channels=2", "generated.channels=2 is impossible: it must be one of 1, 3"),
        ("train=5", "generated.train=5 is impossible for generated.classes=10"),
        ("32", r"dataset='generated\(32\)' must be NAME or NAME\(setting=value"),
    ],
)
def test_what_cannot_be_generated_is_refused(rest, message):
    with pytest.raises(ValueError, match=message):
        load_source(f"generated:{rest}")
