"""Arrays made of folders as they are distributed."""

import numpy as np
import pytest
from PIL import Image

from experiments import make_arrays


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_cifar100_is_read_channel_by_channel(here):
    (here / "cifar").mkdir()
    for part, number in (("train", 3), ("test", 2)):
        pixels = np.arange(number * 3072).astype(np.uint8).reshape(number, 3072)
        labels = np.stack([np.full(number, 9), np.arange(number)], 1).astype(np.uint8)
        np.concatenate([labels, pixels], 1).tofile(here / "cifar" / f"{part}.bin")
    make_arrays.main(["cifar100", "cifar"])
    with np.load("cifar100.npz") as made:
        assert made["x_train"].shape == (3, 32, 32, 3) and made["x_train"].dtype == np.uint8
        # Row 1, column 2 of the green plane of image 2.
        assert made["x_train"][2, 1, 2, 1] == (2 * 3072 + 1024 + 32 + 2) % 256
        assert made["y_test"].tolist() == [0, 1]


def test_drawings_are_split_and_characters_numbered_through_all_folders(here):
    for folder, alphabet, grey in (("background", "Greek", 10), ("evaluation", "Angelic", 90)):
        for character in ("character02", "character01"):
            target = here / folder / alphabet / character
            target.mkdir(parents=True)
            for number in range(20):
                value = grey + 20 * (character == "character02") + number
                Image.new("L", (6, 6), value).save(target / f"0001_{number + 1:02}.png")
    make_arrays.main(["omniglot", "background", "evaluation"])
    with np.load("omniglot.npz") as made:
        assert made["x_train"].shape == (60, 6, 6, 1) and made["x_test"].shape == (20, 6, 6, 1)
        assert made["y_train"].tolist() == [label for label in range(4) for _ in range(15)]
        first = [10, 30, 90, 110]
        assert made["x_train"][::15, 0, 0, 0].tolist() == first
        assert made["x_test"][::5, 0, 0, 0].tolist() == [grey + 15 for grey in first]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cifar100", "nowhere"], "nowhere: no such folder"),
        (["cifar100", "."], "train.bin: no file of whole images"),
        (["cifar100", ".", "."], "one folder, got 2"),
        (["omniglot", "."], "has no ALPHABET/CHARACTER"),
    ],
)
def test_what_is_missing_is_named(arguments, message, here, capsys):
    with pytest.raises(SystemExit):
        make_arrays.main(arguments)
    assert message in capsys.readouterr().err
    assert not list(here.glob("*.npz"))
