"""A run from its folder alone: it answers and remembers as the brain did that was saved there."""

import dataclasses
import functools
import shutil

import jax
import numpy as np
import pytest

from braincl_jax.memory.recall import recall_slots
from braincl_jax.parts import compiled_recall
from braincl_jax.registry import import_plugins
from braincl_jax.runtime.checkpoint import DamagedError, write_checkpoint
from braincl_jax.runtime.cursor import Cursor, to_json
from braincl_jax.runtime.load import load_run
from braincl_jax.runtime.log import write_sealed
from braincl_jax.runtime.record import Record
from braincl_jax.state import without_prefetched


@pytest.fixture(scope="module")
def brain(diary):
    """The tiny brain after its first task: half of its memory is empty."""
    return diary.after[0, "replay"]


@pytest.fixture(scope="module")
def workdir(tiny_method, brain, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    record = Record(tiny_method.parts.config, tiny_method.parts.plan, "data").to_mapping()
    write_sealed(workdir / "config.json", record)
    cursor, state = to_json(Cursor("after_task", steps=9)), without_prefetched(brain)
    write_checkpoint(workdir / "checkpoints", 9, state, cursor, record)
    return workdir


@pytest.fixture(scope="module")
def run(workdir):
    return load_run(workdir)


@pytest.fixture(scope="module")
def images(tiny_stream):
    return tiny_stream.test_images(0, np.arange(16))


def test_it_knows_its_settings_and_names(run, tiny_method):
    assert run.config == tiny_method.parts.config
    assert run.plan == tiny_method.parts.plan
    assert run.class_names == tiny_method.parts.plan.class_names
    assert len(run.class_names) == 4


def test_what_it_predicts_is_what_the_method_predicts(run, tiny_method, brain, images):
    many = np.concatenate([images, images[:9]])  # 25 images: a batch of 20 and a padded one
    logits = run.predict(many)
    assert (logits.shape, logits.dtype) == ((25, 4), np.float32)
    expected = np.asarray(jax.jit(tiny_method.predict)(brain, many))
    seen = np.isfinite(expected) & (expected > -1e6)
    assert seen.sum(axis=1).tolist() == [2] * 25
    np.testing.assert_allclose(logits[seen], expected[seen], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(logits[~seen], expected[~seen])


def test_labels_are_those_of_the_images_that_it_has_stored(run, tiny_stream):
    labels = run.labels
    assert sorted(labels[labels >= 0]) == sorted(tiny_stream.train_labels(0).tolist())
    assert (labels < 0).sum() == len(labels) - 48


def test_what_it_recalls_is_what_the_layout_recalls_in_the_order_asked_for(run, tiny_method, brain):
    stored = np.flatnonzero(run.labels >= 0)
    slots = [int(stored[5]), int(stored[2]), int(stored[5])]
    recalled = run.recall(slots)
    assert (recalled.shape, recalled.dtype) == ((3, 16, 16, 1), np.uint8)
    np.testing.assert_array_equal(recalled[0], recalled[2])
    assert (recalled[0] != recalled[1]).any()
    read = functools.partial(compiled_recall, tiny_method.layout)
    np.testing.assert_array_equal(recalled, recall_slots(read, brain.memory, 0, np.array(slots)))


@pytest.mark.parametrize("slot", [-1, 10**6, "empty"])
def test_nothing_is_recalled_from_where_nothing_is(run, slot):
    wanted = int(np.flatnonzero(run.labels < 0)[0]) if slot == "empty" else slot
    with pytest.raises(ValueError, match=f"slot {wanted}: nothing is stored there; 48 slots"):
        run.recall([wanted])


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((2, 8, 16, 1), np.uint8),
        np.zeros((2, 16, 16, 1), np.float32),
        np.zeros((16, 16, 1), np.uint8),
        np.zeros((0, 16, 16, 1), np.uint8),
    ],
    ids=["side", "dtype", "one image", "none"],
)
def test_images_of_another_kind_are_refused(run, wrong):
    with pytest.raises(ValueError, match=r"this run knows uint8 \[N, 16, 16, 1\]"):
        run.predict(wrong)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no run"):
        load_run(tmp_path)


def test_a_run_that_was_not_saved_yet_and_one_that_is_damaged_are_refused(workdir, tmp_path):
    (tmp_path / "config.json").write_bytes((workdir / "config.json").read_bytes())
    with pytest.raises(ValueError, match="has no checkpoint yet"):
        load_run(tmp_path)
    (tmp_path / "checkpoints" / "00000009").mkdir(parents=True)
    with pytest.raises(DamagedError):
        load_run(tmp_path)


def test_a_plugin_that_was_edited_is_named(workdir, tiny_method, tmp_path, monkeypatch, caplog):
    (tmp_path / "idea_of_hers.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    parts = tiny_method.parts
    config = dataclasses.replace(parts.config, plugins=("idea_of_hers",))
    known = import_plugins(config.plugins)
    shutil.copytree(workdir, tmp_path / "run")
    for digests, told in ((known, False), ({"idea_of_hers": "of before"}, True)):
        plan = dataclasses.replace(parts.plan, plugins=digests)
        record = Record(config, plan, "data").to_mapping()
        write_sealed(tmp_path / "run" / "config.json", record)
        load_run(tmp_path / "run")
        assert ("idea_of_hers changed since the run began" in caplog.text) == told
