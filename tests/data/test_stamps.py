"""Files that change while they are in use."""

import os
from pathlib import Path

import pytest

from braincl_jax.data.stamps import ABSENT, ChangedError, require_unchanged, stamp_of

THEN = 1_700_000_000_123_456_789


@pytest.fixture
def files(tmp_path) -> list[Path]:
    """Five files of 0 to 4 bytes, all modified at one time."""
    made = [tmp_path / str(number) for number in range(5)]
    for number, file in enumerate(made):
        file.write_bytes(b"x" * number)
        os.utime(file, ns=(THEN, THEN))
    return made


def check(file: Path, known) -> None:
    with file.open("rb") as stream:
        require_unchanged(file, stream.fileno(), known)


def test_a_stamp_is_size_and_time(files, tmp_path):
    assert [stamp_of(file) for file in files] == [(size, THEN) for size in range(5)]
    assert stamp_of(tmp_path / "gone") == ABSENT


def test_a_file_that_is_as_it_was_passes(files):
    for file in files:
        check(file, stamp_of(file))


def test_another_size_or_another_time_is_told_with_the_name(files):
    known = [stamp_of(file) for file in files]
    files[3].write_bytes(b"xx")
    os.utime(files[3], ns=(THEN, THEN))
    with pytest.raises(ChangedError, match=r"3: has changed .*: 3 bytes then, 2 now; bring it"):
        check(files[3], known[3])
    os.utime(files[2], ns=(THEN, THEN + 1))
    with pytest.raises(ChangedError, match=r"2: has changed .* 2 now, written anew; bring it back"):
        check(files[2], known[2])


def test_a_file_that_was_not_there_has_changed(files):
    with pytest.raises(ChangedError, match="has changed since the run began"):
        check(files[0], ABSENT)
