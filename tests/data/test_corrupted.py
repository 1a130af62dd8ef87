"""Corrupted test sets as distributed: which images are of which severity and class, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from braincl_jax.data import Dataset, TaskStream
from braincl_jax.data.corrupted import SEVERITIES, load_corrupted
from braincl_jax.data.fit import Fitted
from tests.data.distributed import WNIDS, write_flat


def stream_of(*names: str) -> TaskStream:
    """Classes with these names, in another order than the source has them, a task each."""
    number = len(names)
    images, label = np.zeros((number, 4, 4, 3), np.uint8), np.arange(number)
    dataset = Dataset.of_arrays(images, label, images, label, names)
    return TaskStream.create(dataset, num_tasks=number, class_order_seed=3)


@pytest.fixture
def cifar_c(tmp_path):
    """Four images of classes 2, 0, 1, 7 at each severity; the red of a pixel is 10 * severity + row."""
    labels = np.tile([2, 0, 1, 7], 5)
    levels = np.repeat(np.arange(1, 6), 4) * 10 + np.tile(np.arange(4), 5)
    images = np.broadcast_to(levels[:, None, None, None], (20, 4, 4, 3)).astype(np.uint8)
    np.save(tmp_path / "labels.npy", labels)
    np.save(tmp_path / "fog.npy", images)
    np.save(tmp_path / "snow.npy", images + 100)
    return tmp_path


def test_cifar_c_has_its_severities_one_after_another_and_other_classes_do_not_count(cifar_c):
    stream = stream_of("a", "b", "c")
    assert stream.class_order != (0, 1, 2)
    found = load_corrupted(f"cifar_c:{cifar_c}", stream)
    assert found.corruptions == ("fog", "snow") and found.clean is None
    for severity in SEVERITIES:
        shifted = found.read("fog", severity)
        red = Fitted(shifted.images, (4, 4, 3)).take(shifted.rows)[:, 0, 0, 0]
        assert red.tolist() == [10 * severity, 10 * severity + 1, 10 * severity + 2]
        assert [stream.class_order[label] for label in shifted.label] == [2, 0, 1]
    shifted = found.read("snow", 5)
    assert Fitted(shifted.images, (4, 4, 3)).take(shifted.rows)[0, 0, 0, 0] == 150


def test_imagenet_c_has_folders_of_classes_by_name(tmp_path):
    for severity in SEVERITIES:
        for place, wnid in enumerate(WNIDS):
            file = tmp_path / "blur" / str(severity) / wnid / "ILSVRC2012_val_00000001.JPEG"
            write_flat(file, (40 * place, 10 * severity, 0))
    (tmp_path / "half" / "1" / WNIDS[0]).mkdir(parents=True)
    stream = stream_of(WNIDS[2], WNIDS[0], WNIDS[3])
    found = load_corrupted(f"imagenet_c:{tmp_path}", stream)
    assert found.corruptions == ("blur",)
    shifted = found.read("blur", 4)
    pixels = [np.asarray(opened(shifted.images, row))[0, 0] for row in shifted.rows]
    names = [stream.class_names[label] for label in shifted.label]
    assert sorted(names) == sorted(stream.class_names)
    for (red, green, _), name in zip(pixels, names, strict=True):
        assert abs(int(red) - 40 * WNIDS.index(name)) <= 3 and abs(int(green) - 40) <= 3


def opened(images, row: int):
    from PIL import Image

    with images.open(row) as file, Image.open(file) as image:
        return image.convert("RGB")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cifar10_c:{}", "need SCHEME:PATH with SCHEME one of cifar_c, imagenet_c"),
        ("cifar_c:{}/nowhere", "no such folder"),
        ("cifar_c:{}/empty", "no labels.npy in it, only nothing"),
        ("imagenet_c:{}", "no folders CORRUPTION/1 to CORRUPTION/5"),
    ],
)
def test_what_is_no_such_set_is_refused_with_what_is_needed(name, says, cifar_c):
    (cifar_c / "empty").mkdir()
    with pytest.raises(ValueError, match=says):
        load_corrupted(name.format(cifar_c), stream_of("a", "b", "c"))


def test_arrays_that_do_not_fit_one_another_or_the_stream_are_refused(cifar_c: Path):
    name = f"cifar_c:{cifar_c}"
    np.save(cifar_c / "fog.npy", np.zeros((15, 4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match=r"fog.npy has 15 images and labels.npy 20 labels"):
        load_corrupted(name, stream_of("a", "b"))
    (cifar_c / "fog.npy").unlink()
    np.save(cifar_c / "labels.npy", np.full(20, 9))
    with pytest.raises(ValueError, match=r"no label of labels.npy is a class of the stream"):
        load_corrupted(name, stream_of("a", "b"))


def test_classes_of_other_names_are_refused_with_some_of_both(tmp_path):
    for severity in SEVERITIES:
        (tmp_path / "fog" / str(severity) / "cat").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"its classes \(cat\) are none of the stream's \(.*dog"):
        load_corrupted(f"imagenet_c:{tmp_path}", stream_of("dog", "cow"))
