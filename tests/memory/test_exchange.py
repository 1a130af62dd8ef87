"""A memory as a file: whole or refused, and any damage is named."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from braincl_jax.build import build_method
from braincl_jax.config import CodecConfig, Config
from braincl_jax.memory.block.integrity import CorruptMemoryError
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.exchange import export_memory, import_memory
from braincl_jax.types import StreamSpec

GOLDEN = Path(__file__).parents[1] / "golden"
SPEC = StreamSpec(image_shape=(8, 12, 3), num_classes=4, num_tasks=3, task_sizes=(8, 8, 8))


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
        # What a file does not say of its codec has the default.
        settings = dataclasses.asdict(config.codec)
        assert json.loads(new["header"].tobytes()) == header | {"codec": settings}


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


def header_with(**changes) -> np.ndarray:
    with np.load(GOLDEN / "memory.npz") as file:
        header = json.loads(file["header"].tobytes()) | changes
    return np.frombuffer(json.dumps(header).encode(), np.uint8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 1}, "version 1; this program reads 'braincl-memory', version 4"),
        ({"name": "other"}, "format 'other'"),
        ({"num_words": 7}, r"words of .* its header says uint16 \[7\]"),
        ({"record_words": 7}, "contradicts itself"),
        ({"trunk_words": 7}, "contradicts itself"),
        ({"codec": {"colour": 1}}, "lacks something or has too much"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        import_memory(changed(tmp_path / "m.npz", header=header_with(**changes)))


def test_files_that_are_no_memory_are_refused(tmp_path):
    with pytest.raises(ValueError, match="there is no memory at"):
        import_memory(tmp_path / "nothing.npz")
    (tmp_path / "text.npz").write_text("not a memory")
    with pytest.raises(ValueError, match="not a whole memory file"):
        import_memory(tmp_path / "text.npz")
    whole = (GOLDEN / "memory.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="not a whole memory file"):
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
