"""Names of sources: found, registered, refused; and every format gives the same images."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from braincl_jax.data import Dataset, InMemory, load_source, register_source, sources


def test_an_unknown_scheme_is_refused_with_those_known():
    with pytest.raises(
        ValueError, match=r"'zip:a'.*'zip'.*'core50', 'embedded', 'folder', .*'npy', 'npz', 'tfds'"
    ):
        load_source("zip:a")
    with pytest.raises(ValueError, match=r"dataset='cifar100'.*need SCHEME:REST"):
        load_source("cifar100")


def test_a_registered_source_is_given_what_follows_the_first_colon_and_is_checked(
    monkeypatch, arrays
):
    monkeypatch.setattr(sources, "_SOURCES", {})
    asked = []

    @register_source("mine")
    def mine(rest: str):
        asked.append(rest)
        train, train_labels, test, test_labels = map(np.asarray, arrays().values())
        names = ("one",) if rest == "c" else ()
        return Dataset(
            InMemory(train), train_labels.astype(np.uint8), InMemory(test), test_labels, names
        )

    dataset = load_source("mine:a:b")
    assert (dataset.num_classes, dataset.train_labels.dtype) == (2, np.int64)
    with pytest.raises(ValueError, match="mine:c: 1 class names for 2 classes"):
        load_source("mine:c")
    assert asked == ["a:b", "c"]


def test_a_source_that_gives_no_dataset_is_refused(arrays, monkeypatch):
    monkeypatch.setattr(sources, "_SOURCES", {"mine": lambda rest: arrays()})
    with pytest.raises(ValueError, match="mine:a: its source gave a dict; need a Dataset"):
        load_source("mine:a")


def test_every_format_gives_the_same_images_labels_and_names(arrays, images, tmp_path):
    """Greyscale PNG is lossless, so all of them can be compared bit by bit."""
    wanted = arrays(
        y_train=np.array([0, 0, 1, 1]),
        y_test=np.array([0, 1]),
        **{key: arrays()[key][..., 0] for key in ("x_train", "x_test")},
    )
    named = {**wanted, "class_names": np.array(["cat", "dog"])}
    np.savez(tmp_path / "plain.npz", allow_pickle=False, **named)
    np.savez_compressed(tmp_path / "compressed.npz", allow_pickle=False, **named)
    for key, array in named.items():
        np.save(tmp_path / f"{key}.npy", array)
    for split in ("train", "test"):
        for row, (pixels, label) in enumerate(
            zip(wanted[f"x_{split}"], wanted[f"y_{split}"], strict=True)
        ):
            file = tmp_path / split / ("cat", "dog")[label] / f"{row}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(file)
    for name in ("npz:{}/plain.npz", "npz:{}/compressed.npz", "npy:{}", "folder:{}"):
        dataset = load_source(name.format(tmp_path))
        np.testing.assert_array_equal(images(dataset.train)[..., 0], wanted["x_train"], name)
        np.testing.assert_array_equal(images(dataset.test)[..., 0], wanted["x_test"], name)
        np.testing.assert_array_equal(dataset.train_labels, wanted["y_train"], name)
        np.testing.assert_array_equal(dataset.test_labels, wanted["y_test"], name)
        assert dataset.class_names == ("cat", "dog"), name
        rows = np.array([3, 0, 3])
        some = dataset.train.take(rows)
        assert (some.dtype, some.shape) == (np.uint8, (3, *dataset.train.shape)), name
        np.testing.assert_array_equal(some[..., 0], wanted["x_train"][rows], name)


def test_a_scheme_that_is_taken_or_no_word_is_refused():
    with pytest.raises(
        ValueError, match=r"scheme='npz' is taken; taken are \['core50', 'embedded'"
    ):
        register_source("npz")
    with pytest.raises(ValueError, match="scheme='a:b': need a word without a colon"):
        register_source("a:b")


def test_importing_the_sources_imports_neither_tensorflow_datasets_nor_pillow():
    code = (
        "import sys, braincl_jax.data.sources; "
        "print(sorted({'tensorflow_datasets', 'tensorflow', 'PIL', 'scipy.io'} & set(sys.modules)))"
    )
    root = Path(sources.__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
