"""A committed memory file decodes to the same integers for ever: by this package, and by another program."""

import dataclasses
import hashlib
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.build import build_method
from braincl_jax.config import STORAGES, CodecConfig, Config
from braincl_jax.memory import cue_strings
from braincl_jax.memory.block import store, writing
from braincl_jax.memory.codec import quantise
from braincl_jax.memory.coder import tables
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.exchange import Imported, export_memory, import_memory
from braincl_jax.memory.inspection import find_damages
from braincl_jax.types import StreamSpec

GOLDEN = Path(__file__).parent / "golden"
TASKS = np.repeat([0, 1], [5, 7])
SPEC = StreamSpec.of_equal_tasks((8, 12, 3), num_classes=4, task_sizes=(8, 8, 8))


def golden_config(**changes) -> Config:
    """The settings of the golden memory, with others for its codec."""
    with np.load(GOLDEN / "memory.npz") as file:
        settings = json.loads(file["header"].tobytes())["codec"] | changes
    return Config(budget_bytes=6_000, num_tasks=3, codec=CodecConfig(**settings))


@pytest.fixture(scope="module")
def imported():
    return import_memory(GOLDEN / "memory.npz")


@pytest.fixture(scope="module")
def expected():
    with np.load(GOLDEN / "expected.npz") as file:
        return dict(file)


class Reader:
    """A reader written from docs/memory_format.md alone, with NumPy and plain integers."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            self.header = json.loads(file["header"].tobytes())
            self.words = file["words"]
            self.task_counts = file["task_counts"].tolist()
            self.num_records = int(file["num_records"])
            self.check = int(file["check"])
            text = file["header"].tobytes()
            assert hashlib.sha256(text).digest() == file["header_sha256"].tobytes()
            hashes = self.header["sha256"]
            assert set(hashes) == set(file.files) - {"header", "header_sha256"}
            for name, expected in hashes.items():
                little = file[name].astype(file[name].dtype.newbyteorder("<"))
                assert hashlib.sha256(little.tobytes()).hexdigest() == expected

    @staticmethod
    def checksum(words: np.ndarray) -> int:
        total = 0
        for place, word in enumerate(words.tolist(), start=1):
            x = place
            x = (x ^ (x >> 16)) * 0x85EBCA6B % 2**32
            x = (x ^ (x >> 13)) * 0xC2B2AE35 % 2**32
            total += (word + 1) * ((x ^ (x >> 16)) | 1)
        return total % 2**32

    @property
    def records_end(self) -> int:
        return len(self.words) - self.header.get("trunk_words", 0)

    def record(self, task: int) -> dict[str, np.ndarray]:
        size = self.header["record_words"]
        end = self.records_end - task * size
        own = self.arrays(self.words[end - size : end], self.header["record"])
        if "trunk" not in self.header:
            return own
        return own | self.arrays(self.words[self.records_end :], self.header["trunk"])

    def arrays(self, words: np.ndarray, fields: list) -> dict[str, np.ndarray]:
        assert self.checksum(words[:-2]) == int(words[-2]) * 65536 + int(words[-1])
        octets = words[:-2].astype("<u2").tobytes()
        arrays = {}
        for field in fields:
            upper_half = field["dtype"] == "bfloat16"
            dtype = np.dtype("u2" if upper_half else field["dtype"]).newbyteorder("<")
            number = int(np.prod(field["shape"]))
            array = np.frombuffer(octets, dtype, number, field["offset"])
            if upper_half:
                array = (array.astype(np.uint32) << 16).view(np.float32)
            arrays[field["name"]] = array.reshape(field["shape"])
        return arrays

    def slots(self):
        """(task, label, cue [h, w, M]) of every slot; one lane."""
        header, place = self.header, 0
        end = self.records_end - self.num_records * header["record_words"]
        assert header["entry_words"] == 1
        slot = 0
        for task, count in enumerate(self.task_counts):
            for _ in range(count):
                label, length = divmod(int(self.words[end - 1 - slot]), 256)
                string = self.words[place : place + length].tolist()
                place, slot = place + length, slot + 1
                yield task, label, self.decode(string, label, Table(self.record(task)))

    def decode(self, string: list[int], label: int, table: "Table") -> np.ndarray:
        x, following = string[0] * 65536 + string[1], 2
        height, width, channels = self.header["latent_shape"]
        cue = np.zeros((height, width, channels), int)
        for m, r, c in np.ndindex(channels, height, width):
            expected, scale = table.context(cue, m, r, c)
            starts = table.starts(m, expected, scale)
            slot = x % 4096
            symbol = max(a for a, start in enumerate(starts) if start <= slot)
            x = (starts[symbol + 1] - starts[symbol]) * (x // 4096) + slot - starts[symbol]
            if x < 65536:
                x, following = x * 65536 + string[following], following + 1
            cue[r, c, m] = symbol + table.lowest[m]
        assert following == len(string)
        assert x == 65536 + (label * 64 + 1) * 2654435761 % 2**32 // 65536
        return cue


class Table:
    """What the reader knows of the symbols of one task, as lists of plain integers."""

    def __init__(self, record: dict[str, np.ndarray]) -> None:
        self.knots, self.reach, self.lowest, self.size = (
            record[f"table/{name}"].tolist() for name in ("knots", "reach", "lowest", "size")
        )
        self.mean_own, self.mean_before, self.scale_own, self.scale_before, self.base = (
            record[f"table/weights/{name}"].tolist()
            for name in ("mean_own", "mean_before", "scale_own", "scale_before", "base")
        )

    def context(self, cue: np.ndarray, m: int, r: int, c: int) -> tuple[int, int]:
        places = [(r, c - 1), (r - 1, c), (r - 1, c - 1), (r - 1, c + 1)]
        near = [
            int(cue[row, column, m]) if row >= 0 and 0 <= column < cue.shape[1] else 0
            for row, column in places
        ]
        expected, scale = 0, self.base[m]
        for i in range(4):
            expected += self.mean_own[m][i] * near[i]
            scale += self.scale_own[m][i] * abs(near[i])
        for k in range(m):
            before, index = int(cue[r, c, k]), m * (m - 1) // 2 + k
            expected += self.mean_before[index] * before
            scale += self.scale_before[index] * abs(before)
        return min(max(expected, -8192), 8192), min(max(scale, 1), 8192)

    def starts(self, m: int, expected: int, scale: int) -> list[int]:
        """Where each symbol of channel m begins, and 4096."""
        span = max(self.reach[m] * scale // 8, 1)
        scale = 2**23 // span
        starts = [0]
        for a in range(1, self.size[m]):
            edge = 64 * (self.lowest[m] + a) - 32 - expected + span
            place = min(max(edge, 0), 2 * span) * scale
            knot = min(place // 2**19, 31)
            fraction = (place - knot * 2**19) // 2**11
            left, right = self.knots[m][knot], self.knots[m][knot + 1]
            cumulative = left + (right - left) * fraction // 256
            starts.append(a + (4096 - self.size[m]) * cumulative // 65536)
        return [*starts, 4096]


def test_another_program_reads_the_same_cues_and_labels(expected):
    reader = Reader(GOLDEN / "memory.npz")
    counts = np.array([*reader.task_counts, reader.num_records], "<i4").view("<u2")
    assert reader.checksum(np.concatenate([reader.words, counts])) == reader.check
    slots = list(reader.slots())
    assert len(slots) == len(expected["cues"])
    for index, (task, label, cue) in enumerate(slots):
        np.testing.assert_array_equal(cue, expected["cues"][index])
        assert label == expected["labels"][index]
        assert task == TASKS[index]


def remember_random_tasks(layout: CueLayout) -> tuple[store.EpisodicMemory, np.ndarray]:
    """Two tasks with random decoders and five cues each, and these: int32 [10, h, w, M]."""
    storage, format = layout.settings.storage, layout.format

    @jax.jit
    def remember(memory, cues, key):
        params = layout.codec.init(key)
        table = tables.build(params["density"], cues, jnp.ones(5, bool))
        label = jnp.arange(5) % format.num_classes
        record = store.TaskRecord(table, quantise.quantise(params["synthesis"], storage))
        added = cue_strings.encode_cues(table, cues, label, format)
        used = store.used_words(memory, format)
        memory = writing.open_record(memory, format, record)
        return store.sealed(writing.append(memory, format, used, added, label, jnp.int32(5))[0])

    all_cues = np.random.default_rng(0).integers(-7, 9, (2, 5, *format.latent_shape), np.int32)
    memory = store.empty_memory(format)
    for task, cues in enumerate(all_cues):
        memory = remember(memory, cues, jax.random.key(task))
    return memory, np.concatenate(all_cues)


@pytest.mark.parametrize("storage", STORAGES)
def test_another_program_reads_cues_and_decoders_that_share_a_trunk(tmp_path, storage, assert_same):
    config = dataclasses.replace(golden_config(shared="trunk", storage=storage), budget_bytes=8_000)
    layout = build_method(config, SPEC).layout
    assert isinstance(layout, CueLayout)
    memory, cues = remember_random_tasks(layout)
    path = tmp_path / "memory.npz"
    export_memory(path, memory, layout, class_order=(2, 0, 3, 1))
    again, reader = import_memory(path), Reader(path)
    assert_same(again.memory, memory)
    for (_, label, cue), expected in zip(reader.slots(), cues, strict=True):
        np.testing.assert_array_equal(cue, expected)
        assert 0 <= label < 4
    check_decoders(reader, again)
    shared, other = (reader.record(task) for task in (0, 1))
    trunk = {field["name"] for field in reader.header["trunk"]}
    assert {name.split("/")[1] for name in trunk} == {"Conv_0"}
    assert {name for name in shared if (shared[name] == other[name]).all()} >= trunk


def test_the_golden_memory_reaches_the_ends_of_what_can_be_expected(expected):
    reader = Reader(GOLDEN / "memory.npz")
    cue_shape = reader.header["latent_shape"]
    found = [
        Table(reader.record(task)).context(cue, m, r, c)
        for task, cue in zip(TASKS, expected["cues"], strict=True)
        for r, c, m in np.ndindex(*cue_shape)
    ]
    expectations, scales = zip(*found, strict=True)
    assert (min(expectations), max(expectations), max(scales)) == (-8192, 8192, 8192)
    # Most are not there, and hardly two alike.
    assert len(set(found)) > 0.8 * len(found)


def test_another_program_finds_the_same_decoders(imported):
    check_decoders(Reader(GOLDEN / "memory.npz"), imported)


def check_decoders(reader: Reader, imported: Imported) -> None:
    for task in (0, 1):
        record, intact = store.read_record(imported.memory, imported.format, jnp.int32(task))
        assert intact
        arrays = reader.record(task)
        for path, leaf in jax.tree_util.tree_leaves_with_path(record.decoder):
            name = "/".join(str(getattr(part, "name", getattr(part, "key", ""))) for part in path)
            np.testing.assert_array_equal(arrays[f"decoder/{name}"], leaf)


def read_all(memory, format, slots):
    tasks = jnp.asarray(TASKS)[slots]
    read = cue_strings.read_cues(memory, format, tasks, slots[:, None])
    return read.cues[:, 0], read.intact[:, 0]


@pytest.mark.parametrize("jit", [True, False])
def test_the_golden_strings_decode_to_the_same_integers(imported, expected, jit):
    memory, format, *_ = imported

    def read(memory):
        return read_all(memory, format, jnp.arange(12))

    with jax.disable_jit(not jit):
        cues, intact = (jax.jit(read) if jit else read)(memory)
    np.testing.assert_array_equal(cues, expected["cues"])
    assert intact.all()
    np.testing.assert_array_equal(store.read_entries(memory, format).label[:12], expected["labels"])


@pytest.mark.parametrize("devices", [1, 4])
def test_the_golden_strings_are_the_same_on_any_number_of_devices(imported, expected, devices):
    memory, format, *_ = imported
    read = jax.pmap(
        lambda slots: read_all(memory, format, slots), devices=jax.local_devices()[:devices]
    )
    cues, intact = read(jnp.arange(12).reshape(devices, -1))
    np.testing.assert_array_equal(cues.reshape(12, *format.latent_shape), expected["cues"])
    assert intact.all()


def test_encoding_the_golden_cues_again_gives_the_same_strings(imported, expected):
    memory, format, *_ = imported
    words = np.asarray(memory.words)
    entries = store.read_entries(memory, format)
    starts = np.asarray(store.string_starts(entries.lengths))[:, 0]
    for task in (0, 1):
        table = store.read_record(memory, format, jnp.int32(task))[0].table
        slots = np.flatnonzero(task == TASKS)
        cues, labels = (jnp.asarray(expected[name][slots]) for name in ("cues", "labels"))
        strings = cue_strings.encode_cues(table, cues, labels.astype(jnp.int32), format)
        for index, slot in enumerate(slots):
            length = int(strings.lengths[index, 0])
            assert length == int(entries.lengths[slot, 0])
            stored = words[starts[slot] : starts[slot] + length]
            np.testing.assert_array_equal(strings.words[index, 0, :length], stored)


def test_an_intact_memory_has_no_damages_and_its_decoders_recall(imported):
    assert find_damages(imported.memory, imported.format) == []
    recalled = cue_strings.recall(
        imported.memory, imported.format, jnp.array([1]), jnp.array([[5, 11]]), imported.codec
    )
    assert recalled.image.shape == (1, 2, 8, 12, 3)
    assert recalled.intact.all()
    record, intact = store.read_record(imported.memory, imported.format, jnp.int32(1))
    assert intact
    assert set(quantise.dequantise(record.decoder)) == {"linear", "log_gain", "Conv_0", "Conv_1"}
