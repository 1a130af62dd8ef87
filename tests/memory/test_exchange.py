"""A memory as a file: whole or refused, and any damage is named."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from braincl_jax.build import build_method
from braincl_jax.config import CodecConfig, Config
from braincl_jax.memory.block.integrity import CorruptMemoryError
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.exchange import export_memory, import_memory
from braincl_jax.types import StreamSpec
from experiments.benchmarks import header_edits

GOLDEN = Path(__file__).parents[1] / "golden"
SPEC = StreamSpec.of_equal_tasks((8, 12, 3), num_classes=4, task_sizes=(8, 8, 8))


@pytest.fixture(scope="module")
def imported():
    return import_memory(GOLDEN / "memory.npz")


def test_export_and_import_change_nothing(imported, tmp_path, assert_same):
    with np.load(GOLDEN / "memory.npz") as file:
        header = json.loads(file["header"].tobytes())
    codec = CodecConfig(**header["codec"])
    config = Config(budget_bytes=6_000, num_tasks=3, codec=codec)
    layout = build_method(config, SPEC).layout
    assert isinstance(layout, CueLayout)
    export_memory(tmp_path / "memory.npz", imported.memory, layout, imported.class_order)
    again = import_memory(tmp_path / "memory.npz")
    assert_same(again.memory, imported.memory)
    assert again.class_order == (2, 0, 3, 1)
    with np.load(tmp_path / "memory.npz") as new:
        assert json.loads(new["header"].tobytes()) == header


def changed(path: Path, **arrays) -> Path:
    """A copy of the golden memory with other arrays, at `path`."""
    with np.load(GOLDEN / "memory.npz") as file:
        np.savez(path, **(dict(file) | arrays))
    return path


def test_damage_is_found_and_named_on_import(imported, tmp_path):
    words = np.asarray(imported.memory.words)
    size = imported.format.record_words
    places = {
        3: "string or entry of slot 0",
        len(words) - 2 * size - 1: "string or entry of slot 0",
        len(words) - 5: "table or decoder of task 0",
        len(words) - size - 5: "table or decoder of task 1",
        len(words) - 2 * size - 20: "words of the block that no string, entry or record uses",
    }
    for place, name in places.items():
        flipped = words.copy()
        flipped[place] ^= 1
        with pytest.raises(CorruptMemoryError, match=name):
            import_memory(changed(tmp_path / "m.npz", words=flipped))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"num_records": np.int32(9)}, "9 records"),
        ({"task_counts": np.array([5, 7, 1], np.int32)}, r"cues of each task \[5, 7, 1\]"),
        ({"task_counts": np.array([5, -7, 0], np.int32)}, r"cues of each task \[5, -7, 0\]"),
        ({"task_counts": np.array([6, 6, 0], np.int32)}, "slot 5"),
        ({"task_counts": np.array([5, 6, 0], np.int32)}, "the counts, or the checksum"),
        ({"check": np.uint32(1)}, "the counts, or the checksum"),
    ],
)
def test_impossible_counts_are_found(tmp_path, arrays, message):
    with pytest.raises(CorruptMemoryError, match=message):
        import_memory(changed(tmp_path / "m.npz", **arrays))


def with_header(path: Path, sealed: bool, **changes) -> Path:
    """A copy of the golden memory whose header says something else, with hashes that fit or not."""
    members = header_edits.members_of((GOLDEN / "memory.npz").read_bytes())
    header = header_edits.header_of(members) | changes
    path.write_bytes(header_edits.packed(header_edits.with_header(members, header, sealed)))
    return path


@pytest.mark.parametrize("name", ["image_shape", "class_order", "num_classes", "max_words"])
def test_a_header_that_was_edited_is_not_believed(tmp_path, name):
    edits = {
        "image_shape": [7, 12, 3],
        "class_order": [0, 1, 2, 3],
        "num_classes": 5,
        "max_words": 255,
    }
    path = with_header(tmp_path / "m.npz", False, **{name: edits[name]})
    with pytest.raises(ValueError, match="its header is not as it was written"):
        import_memory(path)


def test_an_array_of_which_the_header_has_another_hash_is_damaged(tmp_path):
    with np.load(GOLDEN / "memory.npz") as file:
        hashes = json.loads(file["header"].tobytes())["sha256"]
    members = header_edits.members_of((GOLDEN / "memory.npz").read_bytes())
    header = header_edits.header_of(members) | {"sha256": hashes | {"check": 64 * "0"}}
    path = tmp_path / "m.npz"
    text = json.dumps(header).encode()
    digest = np.frombuffer(hashlib.sha256(text).digest(), np.uint8)
    changed(path, header=np.frombuffer(text, np.uint8), header_sha256=digest)
    with pytest.raises(CorruptMemoryError, match=r"check of .*m\.npz \(another SHA-256\)"):
        import_memory(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 5}, "version 5; this program reads 'braincl-memory', version 6"),
        ({"name": "other"}, "format 'other'"),
        ({"num_words": 7}, "num_words is 7, and there are 2990 beside it"),
        ({"num_tasks": 2}, "num_tasks is 2, and there are 3 beside it"),
        ({"lanes": 0}, "lanes is 0; the rest of the header makes it 1"),
        ({"lanes": True}, "lanes is true; the rest of the header makes it 1"),
        ({"num_slots": 10**12}, "num_slots is 1000000000000; need a whole number, 1 to 996"),
        ({"record_words": 7}, "record_words is 7; the rest of the header makes it 872"),
        ({"trunk_words": 7}, "trunk_words is 7; the rest of the header makes it null"),
        ({"max_words": 19}, "max_words is 19; need a whole number, 20 to 20"),
        ({"num_classes": 3}, "class_order is .* need 3 different classes"),
        ({"class_order": [2, 0, 3, 3]}, "need 4 different classes"),
        ({"image_shape": [8, 10**9, 3]}, "image_shape is .* sides up to 65536"),
        ({"image_shape": [65536, 65536, 3]}, "a codec takes at most 67108864"),
        ({"latent_shape": [2, 3, 5]}, r"latent_shape is \[2, 3, 5\]; the rest .* \[2, 3, 4\]"),
        ({"codec": {"colour": 1}}, "codec is .* need the settings"),
    ],
)
def test_a_header_that_cannot_be_is_refused_although_hashes_fit_it(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        import_memory(with_header(tmp_path / "m.npz", True, **changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_stages": 30}, "codec.num_stages=30 is impossible: it must be between 1 and 8"),
        ({"num_stages": 8}, "codec.num_stages=8 is impossible for images of 8x12x3"),
        ({"latent_channels": 0}, "latent_channels is 0"),
        ({"latent_channels": 4000}, "its decoder does not fit into a block of 2990 words"),
        ({"width": 10**9}, "codec.width=1000000000 is impossible"),
        ({"lanes_per_image": 2}, "max_words is 20; need a whole number, 11 to 11"),
        ({"steps": 300}, "need the settings num_stages, latent_channels"),
        ({"storage": "bfloat16"}, "record is .* the rest of the header makes it"),
    ],
)
def test_a_codec_that_cannot_be_is_refused_before_it_is_built(tmp_path, changes, message):
    with np.load(GOLDEN / "memory.npz") as file:
        codec = json.loads(file["header"].tobytes())["codec"]
    with pytest.raises(ValueError, match=message):
        import_memory(with_header(tmp_path / "m.npz", True, codec=codec | changes))


@pytest.fixture(scope="module")
def golden(imported):
    return (GOLDEN / "memory.npz").read_bytes(), header_edits.says(imported)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rng=st.randoms(use_true_random=False))
def test_whatever_is_edited_only_what_says_the_same_is_accepted(golden, tmp_path, rng):
    # Any error but a ValueError or CorruptMemoryError fails, and so does an edit that goes unnoticed.
    whole, original = golden
    found = header_edits.attempt(rng, whole, original, tmp_path / "m.npz")
    assert found in ("refused", "accepted, unchanged", "accepted, sealed anew")


def test_files_that_are_no_memory_are_refused(tmp_path):
    with pytest.raises(ValueError, match="there is no memory at"):
        import_memory(tmp_path / "nothing.npz")
    (tmp_path / "text.npz").write_text("not a memory")
    with pytest.raises(ValueError, match="no memory file that this program can read"):
        import_memory(tmp_path / "text.npz")
    whole = (GOLDEN / "memory.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="no memory file that this program can read"):
        import_memory(tmp_path / "cut.npz")


def test_a_file_appears_whole_or_not_at_all(imported, tmp_path, monkeypatch):
    def disk_full(*arguments, **arrays):
        raise OSError(28, "No space left on device")

    path = tmp_path / "memory.npz"
    path.write_bytes(b"an older one")
    layout = build_method(Config(num_tasks=3), SPEC).layout
    assert isinstance(layout, CueLayout)
    monkeypatch.setattr(np, "savez", disk_full)
    with pytest.raises(OSError, match="No space left"):
        export_memory(path, imported.memory, layout, imported.class_order)
    assert path.read_bytes() == b"an older one"
