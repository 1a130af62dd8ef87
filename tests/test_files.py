"""A file is there whole, or what was there before."""

import os

import pytest

from braincl_jax.files import written_whole


def test_what_is_written_is_there_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    with written_whole(path, "w", encoding="utf-8") as file:
        file.write("é")
        assert not path.exists()
    assert path.read_bytes() == "é".encode()
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_fails_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def half():
        with written_whole(path) as file:
            file.write(b"ne")
            raise error

    with pytest.raises(type(error)):
        half()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]
