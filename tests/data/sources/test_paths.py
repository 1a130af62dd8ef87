"""Paths in few bytes, and files found below a folder."""

import os
import tracemalloc
from pathlib import Path

import pytest

from braincl_jax.data.sources import paths
from braincl_jax.data.sources.paths import Paths, files_below, stamps_of
from braincl_jax.data.stamps import ABSENT, stamp_of

NAMES = [Path("/d/a/x.png"), Path("/d/b/y é.png"), Path("/d/a/z.png"), Path("loose"), Path("/top")]


def test_they_are_a_sequence_of_the_same_paths():
    paths = Paths(iter(NAMES))
    assert (len(paths), list(paths), list(Paths([]))) == (5, NAMES, [])
    assert (paths[-1], list(paths[1:3])) == (NAMES[-1], NAMES[1:3])
    with pytest.raises(IndexError):
        _ = paths[5]


def test_names_that_are_no_text_survive():
    name = Path(os.fsdecode(b"/d/\xff.png"))
    assert Paths([name])[0] == name


def test_a_path_takes_tens_of_bytes():
    tracemalloc.start()
    paths = Paths(Path(f"/data/train/n{row // 1000:08}/n{row:08}.JPEG") for row in range(10_000))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(paths) == 10_000 and taken < 60 * len(paths)


def test_files_are_found_at_any_depth_and_hidden_ones_are_not(tmp_path):
    for name in ("a.png", "deep/er/b.txt", ".DS_Store", "deep/.hidden"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    found = {path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path)}
    assert found == {"a.png", "deep/er/b.txt"}


def test_a_folder_that_cannot_be_read_is_an_error_and_not_an_empty_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        list(files_below(tmp_path / "nowhere"))


def test_stamps_are_those_of_the_files_in_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CHUNK", 2)
    files = [tmp_path / str(size) for size in range(5)]
    for size, file in enumerate(files):
        file.write_bytes(b"x" * size)
    found = stamps_of([*files, tmp_path / "gone"])
    assert found.tolist() == [*(list(stamp_of(file)) for file in files), list(ABSENT)]
    assert stamps_of([]).shape == (0, 2)
