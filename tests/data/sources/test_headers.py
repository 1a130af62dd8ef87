"""Many headers, and one shape from them."""

from pathlib import Path

import pytest
from PIL import Image

from braincl_jax.data.sources import headers
from braincl_jax.data.sources.folder import Pictures
from braincl_jax.data.sources.headers import Headers, headers_of
from braincl_jax.data.sources.pictures import Header
from braincl_jax.data.stamps import ChangedError


@pytest.fixture
def parts(tmp_path, monkeypatch) -> list[Pictures]:
    """Five greyscale images to train on and two to test on, more than are read together."""
    monkeypatch.setattr(headers, "CHUNK", 2)
    made = []
    for split, number in (("train", 5), ("test", 2)):
        files = [tmp_path / f"{split}{row}.png" for row in range(number)]
        for file in files:
            Image.new("L", (4, 3)).save(file)
        made.append(Pictures.of(files))
    return made


def as_they_are_now(parts: list[Pictures]) -> list[Pictures]:
    return [Pictures.of(part.files) for part in parts]


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
    assert Headers("here", as_they_are_now(parts)).shape == (3, 4, 3)


@pytest.mark.parametrize(("part", "row"), [(0, 1), (0, 4), (1, 1)])
def test_the_first_image_of_another_size_is_named(parts, part, row):
    Image.new("L", (4, 5)).save(parts[part].files[row])
    with pytest.raises(ValueError, match=rf"{parts[part].files[row].name} has shape \(5, 4\), the"):
        _ = Headers("here", as_they_are_now(parts)).shape


def test_a_part_row_and_header_or_error_comes_of_each_image(parts):
    parts[0].files[2].write_bytes(b"no image")
    now = as_they_are_now(parts)
    found = list(headers_of("here", now))
    assert [(images, row) for images, row, _ in found] == [
        (part, row) for part in now for row in range(len(part))
    ]
    sizes = [one.size if isinstance(one, Header) else str(one) for *_, one in found]
    broken = sizes.pop(2)
    assert sizes == 6 * [(3, 4)] and "train2.png: not a readable image" in str(broken)


def test_a_file_that_changed_since_it_was_found_is_no_image_that_cannot_be_read(parts):
    parts[0].files[2].write_bytes(b"no image")
    with pytest.raises(ChangedError, match=r"train2\.png: has changed"):
        list(headers_of("here", parts))


def test_while_they_are_read_a_bar_says_so(parts, monkeypatch, capsys):
    monkeypatch.setattr(headers, "PATIENCE", 0)
    _ = Headers("folder:birds", parts).shape
    assert "folder:birds headers" in capsys.readouterr().err
