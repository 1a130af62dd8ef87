"""A checkpoint is whole or it is none; what is damaged is named and passed over; what fails loses nothing."""

import logging
import shutil
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory.budget import tree_bytes
from braincl_jax.runtime import checkpoint
from braincl_jax.runtime.checkpoint import (
    Checkpointing,
    DamagedError,
    load_newest,
    numbered,
    read_arrays,
    verify,
    write_checkpoint,
)

SMALL = {"weights": np.arange(6, dtype=np.float32), "count": np.array([3], np.int32)}


def shapes(state):
    return jax.eval_shape(lambda: state)


def count(loaded: checkpoint.Checkpoint | None) -> int:
    assert loaded is not None
    return loaded.state["count"].item()


class TestRoundTrip:
    @pytest.mark.parametrize("moment", [(1, "memorise"), (1, "replay")], ids=str)
    def test_a_brain_comes_back_bit_for_bit(self, diary, moment, tmp_path, assert_same):
        state = diary.after[moment]
        path = write_checkpoint(tmp_path, 7, state, {"task": 1}, {"seed": 3})
        loaded = load_newest(tmp_path, shapes(state))
        assert loaded is not None
        assert_same(loaded.state, state)
        assert jax.random.uniform(loaded.state.key) == jax.random.uniform(state.key)
        assert (loaded.path, loaded.cursor, loaded.config) == (path, {"task": 1}, {"seed": 3})

    def test_arrays_of_every_kind_come_back(self, tmp_path):
        state = {
            "none": np.zeros((0, 3), np.int8),
            "half": jnp.asarray([1.5, -0.0, jnp.nan], jnp.bfloat16),
            "flags": np.array([True, False]),
            "keys": jax.random.split(jax.random.key(1), 3),
            "a scalar": (np.uint16(9), [np.float32(1e-45)]),
        }
        write_checkpoint(tmp_path, 0, state, {}, {})
        loaded = load_newest(tmp_path, shapes(state))
        assert loaded is not None
        for one, other in zip(jax.tree.leaves(loaded.state), jax.tree.leaves(state), strict=True):
            if jnp.issubdtype(other.dtype, jax.dtypes.prng_key):
                one, other = jax.random.key_data(one), jax.random.key_data(other)
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            assert np.asarray(one).tobytes() == np.asarray(other).tobytes()

    @pytest.mark.parametrize(
        ("array", "constant"),
        [
            (np.zeros((70, 300), np.int8), True),
            (np.full((2, 9), np.nan, np.float32), True),
            (np.full(30, -1, np.int32), True),
            (np.full(8, -0.0), True),
            (np.full((3, 2), 1.5, jnp.bfloat16), True),
            # Zeros of both signs are equal, and not the same.
            (np.array([0.0, -0.0, 0.0]), False),
            (np.arange(5), False),
            (np.append(np.zeros(69, bool), True), False),
        ],
        ids=str,
    )
    def test_of_an_array_of_equal_elements_one_is_stored(
        self, array, constant, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(checkpoint, "PIECE", 32)
        path = write_checkpoint(tmp_path, 0, {"array": array}, {}, {})
        stored = checkpoint._read_stored(path / checkpoint.STATE, ["array"])["array"]
        assert stored.shape == ((1,) if constant else array.shape)
        read = read_arrays(path)["array"]
        assert (read.dtype, read.shape) == (array.dtype, array.shape)
        assert read.tobytes() == array.tobytes()
        assert read.flags.writeable

    def test_an_empty_working_memory_takes_no_room(self, diary, tmp_path):
        full, empty = diary.after[1, "memorise"], diary.after[1, "transfer"]
        sizes = [
            sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            for path in (
                write_checkpoint(tmp_path, 0, {"working": state.memory.working}, {}, {})
                for state in (full, empty)
            )
        ]
        assert sizes[1] < sizes[0] - 0.8 * tree_bytes(full.memory.working.codec)

    def test_the_newest_is_loaded(self, directory):
        assert count(load_newest(directory, shapes(SMALL))) == 2

    def test_no_checkpoints_are_no_error(self, tmp_path):
        assert load_newest(tmp_path / "checkpoints", shapes(SMALL)) is None

    def test_a_state_of_other_shapes_is_refused_leaf_by_leaf(self, directory):
        wanted = shapes(
            {"weights": np.zeros(5, np.int32), "count": np.array([3], np.int32), "new": SMALL}
        )
        with pytest.raises(ValueError, match="another state") as refusal:
            load_newest(directory, wanted)
        lines = str(refusal.value).splitlines()[1:]
        assert lines == [
            "  new/count: absent there, int32[1] here",
            "  new/weights: absent there, float32[6] here",
            "  weights: float32[6] there, int32[5] here",
        ]

    @pytest.mark.parametrize(
        "impossible", [{"every_steps": -1}, {"every_minutes": float("nan")}, {"keep": 0}], ids=str
    )
    def test_impossible_settings_are_refused(self, impossible):
        with pytest.raises(ValueError, match="need 0 or more"):
            Checkpointing(**impossible)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


KINDS = ("manifest.json", "cursor.json", "config.json", "state/_METADATA", "state/manifest.ocdbt")
# A file of arrays has a random name.
ARRAYS = "state/*/d/*"


class TestDamage:
    @pytest.mark.parametrize("kind", [*KINDS, ARRAYS])
    @pytest.mark.parametrize("damage", [flip, truncate, Path.unlink], ids=lambda f: f.__name__)
    def test_a_damaged_checkpoint_is_named_and_the_one_before_is_taken(
        self, directory, kind, damage, caplog
    ):
        file = max((directory / "00000002").glob(kind))
        damage(file)
        assert count(load_newest(directory, shapes(SMALL))) == 1
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert f"skipped checkpoint {directory / '00000002'}: " in record.getMessage()
        assert file.relative_to(directory / "00000002").as_posix() in record.getMessage()

    def test_every_file_is_in_the_manifest(self, directory):
        path = directory / "00000002"
        files = {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}
        assert set(verify(path)["files"]) == files - {"manifest.json"}
        assert files >= set(KINDS)

    def test_what_was_not_written_to_its_end_is_no_checkpoint(self, directory, caplog):
        shutil.copytree(directory / "00000002", directory / "00000003.tmp")
        (directory / "00000004").mkdir()
        (directory / "00000004" / "cursor.json").write_text("{}")
        assert count(load_newest(directory, shapes(SMALL))) == 2
        (record,) = caplog.records
        assert "00000004: manifest.json is missing" in record.getMessage()

    def test_another_format_is_passed_over(self, directory, monkeypatch, caplog, number):
        ours = checkpoint.FORMAT
        monkeypatch.setattr(checkpoint, "FORMAT", ours + 1)
        write_checkpoint(directory, 3, number(3), {}, {})
        monkeypatch.setattr(checkpoint, "FORMAT", ours)
        assert count(load_newest(directory, shapes(SMALL))) == 2
        assert f"it has format {ours + 1}; this version reads {ours}" in caplog.text

    def test_with_none_left_the_error_names_all_and_nothing_is_changed(self, directory, caplog):
        for path in numbered(directory):
            flip(path / "cursor.json")
        before = {file: file.read_bytes() for file in directory.rglob("*") if file.is_file()}
        with pytest.raises(DamagedError, match=f"none of the 2 checkpoints in {directory}"):
            load_newest(directory, shapes(SMALL))
        assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
        assert {f: f.read_bytes() for f in directory.rglob("*") if f.is_file()} == before
