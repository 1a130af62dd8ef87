"""One shape from many headers."""

from pathlib import Path

import pytest
from PIL import Image

from braincl_jax.data.sources import headers
from braincl_jax.data.sources.folder import Pictures
from braincl_jax.data.sources.headers import Headers


@pytest.fixture
def parts(tmp_path, monkeypatch) -> list[Pictures]:
    """Five greyscale images to train on and two to test on, more than are read together."""
    monkeypatch.setattr(headers, "CHUNK", 2)
    made = []
    for split, number in (("train", 5), ("test", 2)):
        files = [tmp_path / f"{split}{row}.png" for row in range(number)]
        for file in files:
            Image.new("L", (4, 3)).save(file)
        made.append(Pictures(files))
    return made


def test_they_are_read_once_and_not_before_somebody_asks(parts, monkeypatch):
    opened: list[Path] = []
    open_one = Pictures.open
    monkeypatch.setattr(
        Pictures, "open", lambda self, row: opened.append(self.files[row]) or open_one(self, row)
    )
    found = Headers("here", parts)
    assert opened == []
    assert (found.shape, found.shape) == ((3, 4, 1), (3, 4, 1))
    assert sorted(opened) == sorted(file for part in parts for file in part.files)


def test_one_image_with_colours_makes_all_of_them_coloured(parts):
    Image.new("RGB", (4, 3)).save(parts[1].files[1])
    assert Headers("here", parts).shape == (3, 4, 3)


@pytest.mark.parametrize(("part", "row"), [(0, 1), (0, 4), (1, 1)])
def test_the_first_image_of_another_size_is_named(parts, part, row):
    Image.new("L", (4, 5)).save(parts[part].files[row])
    with pytest.raises(ValueError, match=rf"{parts[part].files[row].name} has shape \(5, 4\), the"):
        _ = Headers("here", parts).shape


def test_while_they_are_read_a_bar_says_so(parts, monkeypatch, capsys):
    monkeypatch.setattr(headers, "PATIENCE", 0)
    _ = Headers("folder:birds", parts).shape
    assert "folder:birds headers" in capsys.readouterr().err
