"""What a run with cues leaves beside its summary."""

import numpy as np
import pytest

from braincl_jax.memory.exchange import import_memory
from braincl_jax.memory.recall import recall_slots
from braincl_jax.methods import export_cues as module
from braincl_jax.methods.braincl import follow
from braincl_jax.methods.export_cues import SHOWN_PER_TASK, export_cues
from braincl_jax.parts import compiled_recall


@pytest.fixture(scope="module")
def exported(diary, tiny_stream, tmp_path_factory):
    """(folder with what was written, state, sources) at the end of a life."""
    folder, state = tmp_path_factory.mktemp("run"), diary.after[1, "transfer"]
    sources = np.zeros((0, 2), np.int32)
    for task in range(2):
        sources = follow(sources, np.asarray(diary.metrics[task, "transfer"]["origin"]), task)
    export_cues(folder, diary.method.layout, state.memory, tiny_stream, sources)
    return folder, state, sources


def test_the_memory_and_its_sources_are_written_as_they_are(exported, assert_same, tiny_stream):
    folder, state, sources = exported
    found = import_memory(folder / "memory.npz")
    assert_same(found.memory, state.memory.long_term)
    assert found.class_order == tuple(tiny_stream.class_order)
    np.testing.assert_array_equal(np.load(folder / "sources.npy"), sources)


def test_sources_have_the_labels_of_their_slots(exported, diary, tiny_stream):
    folder, state, _ = exported
    label = diary.method.layout.index(state.memory).label
    of_images = [
        tiny_stream.train_labels(task)[image] for task, image in np.load(folder / "sources.npy")
    ]
    np.testing.assert_array_equal(label[: len(of_images)], of_images)


def test_recalls_are_spread_over_each_task_and_lie_beside_their_originals(
    exported, diary, tiny_stream
):
    folder, state, sources = exported
    with np.load(folder / "recalls.npz") as file:
        original, recalled = file["original"], file["recalled"]
        assert file["task"].tolist() == [0, 1]
    assert original.shape == recalled.shape == (2, SHOWN_PER_TASK, 16, 16, 1)
    assert original.dtype == recalled.dtype == np.uint8
    # Of 48 slots a task the first and the last are shown, and ten between: 47 / 11 = 4.27 apart.
    shown = np.array([0, 4, 8, 12, 17, 21, 25, 29, 34, 38, 42, 47])
    for task in range(2):
        slots = 48 * task + shown
        assert (sources[slots, 0] == task).all()
        np.testing.assert_array_equal(
            original[task], tiny_stream.train_images(task, sources[slots, 1])
        )

        def recall(memory, of, slot):
            return compiled_recall(diary.method.layout, memory, of, slot)

        np.testing.assert_array_equal(
            recalled[task], recall_slots(recall, state.memory, task, slots)
        )


def test_of_many_tasks_some_are_shown(exported, diary, tiny_stream, tmp_path, monkeypatch):
    _, state, sources = exported
    monkeypatch.setattr(module, "MOST_TASKS", 1)
    # Tasks 0 and 1, of which one has room.
    export_cues(tmp_path, diary.method.layout, state.memory, tiny_stream, sources)
    with np.load(tmp_path / "recalls.npz") as file:
        assert file["task"].tolist() == [0]
        assert file["original"].shape == file["recalled"].shape == (1, SHOWN_PER_TASK, 16, 16, 1)
