"""A file of arrays that is believed as far as its hashes and sizes go."""

import hashlib
import json
import zipfile

import numpy as np
import pytest

from braincl_jax.memory.archive import MOST_HEADER_BYTES, read_archive, write_archive
from experiments.benchmarks.header_edits import members_of, npy, packed, with_header

KINDS = {"words": np.dtype("<u2"), "check": np.dtype("<u4")}
HEADER = {"name": "shelf", "version": 3, "books": ["Emma"]}
WORDS, CHECK = np.arange(5, dtype="<u2"), np.array(7, "<u4")


@pytest.fixture
def file(tmp_path):
    write_archive(tmp_path / "a.npz", HEADER, {"words": WORDS, "check": CHECK})
    return tmp_path / "a.npz"


def read(path):
    return read_archive(path, name="shelf", version=3, kinds=KINDS)


def rewrite(path, members, compression=zipfile.ZIP_STORED):
    path.write_bytes(packed(members, compression))


def test_what_is_written_is_read(file):
    found = read(file)
    assert found.header == HEADER
    assert found.changed == ()
    np.testing.assert_array_equal(found.arrays["words"], WORDS)
    assert found.arrays["check"].shape == () and found.arrays["check"] == 7


def test_arrays_that_changed_are_told_and_a_header_that_changed_is_refused(file):
    members = members_of(file.read_bytes())
    rewrite(file, members | {"words.npy": npy(WORDS + np.uint16(1))})
    assert read(file).changed == ("words",)
    rewrite(file, with_header(members, HEADER, sealed=False))
    with pytest.raises(ValueError, match="its header is not as it was written"):
        read(file)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"words.npy": npy(WORDS.astype(">u2"))}, "words is >u2"),
        ({"words.npy": npy(WORDS.astype("<i4"))}, "words is int32"),
        ({"words.npy": npy(WORDS.reshape(5, 1))}, "words is uint16 .* one dimension at most"),
        ({"words.npy": npy(WORDS)[:-2]}, "words has .* bytes, which do not fill"),
        ({"words.npy": npy(WORDS) + b"12"}, "words has .* bytes, which do not fill"),
        ({"words.npy": b"no array"}, "magic string is not correct"),
        ({"more.npy": npy(WORDS)}, r"it holds .*'more'.* in place of"),
        ({"more.txt": b""}, r"more\.txt is there twice, or no \.npy array"),
        ({"header.npy": npy(np.frombuffer(b"[1]", np.uint8))}, "its header is no JSON object"),
        ({"header.npy": npy(np.frombuffer(b"{", np.uint8))}, "can read: Expecting"),
        (
            {"header.npy": npy(np.full(MOST_HEADER_BYTES + 1, 32, np.uint8))},
            "its header has 4194305 bytes; need at most 4194304",
        ),
        ({"header.npy": npy(np.full(100_000, ord("["), np.uint8))}, "can read: "),
    ],
)
def test_members_that_are_not_what_they_must_be_are_named(file, changes, message):
    rewrite(file, members_of(file.read_bytes()) | changes)
    with pytest.raises(ValueError, match=message) as refusal:
        read(file)
    assert str(file) in str(refusal.value)


def test_an_array_may_not_say_that_it_is_larger_than_its_bytes(file):
    content = npy(WORDS).replace(b"(5,)", b"(1000000000000,)").replace(b"            \n", b"\n")
    rewrite(file, members_of(file.read_bytes()) | {"words.npy": content})
    with pytest.raises(ValueError, match=r"words has .* do not fill uint16"):
        read(file)


def test_what_is_packed_is_not_unpacked(file):
    bomb = npy(np.zeros(10_000_000, np.uint16))
    rewrite(file, members_of(file.read_bytes()) | {"words.npy": bomb}, zipfile.ZIP_DEFLATED)
    assert file.stat().st_size < 100_000
    with pytest.raises(ValueError, match="is packed or larger than the file"):
        read(file)


def test_a_header_without_a_hash_of_every_array_is_refused(file):
    members = members_of(file.read_bytes())
    rewrite(file, with_header(members | {"check.npy": npy(CHECK)}, HEADER, sealed=True))
    assert read(file).changed == ()
    text = json.dumps(HEADER | {"sha256": {"words": "0"}}).encode()
    digest = np.frombuffer(hashlib.sha256(text).digest(), np.uint8)
    rewrite(
        file,
        members
        | {"header.npy": npy(np.frombuffer(text, np.uint8)), "header_sha256.npy": npy(digest)},
    )
    with pytest.raises(ValueError, match="has no sha256 of words, check"):
        read(file)


def test_another_version_is_told_before_anything_else_is_looked_at(file):
    with pytest.raises(ValueError, match=r"format 'shelf', version 3; .* reads 'shelf', version 4"):
        read_archive(file, name="shelf", version=4, kinds={})
