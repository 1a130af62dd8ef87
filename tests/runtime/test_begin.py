"""The beginning of a run: from nothing, from its own checkpoint, or from another run's."""

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.build import init_brain
from braincl_jax.runtime import begin as module
from braincl_jax.runtime.begin import begin
from braincl_jax.runtime.checkpoint import write_checkpoint
from braincl_jax.runtime.cursor import Cursor, to_json
from braincl_jax.runtime.folder import claim
from braincl_jax.runtime.log import read_sealed
from braincl_jax.runtime.record import Record
from braincl_jax.state import without_prefetched


class Eager:
    """One device, on which nothing is compiled."""

    def init(self, init, key):
        return init(key)

    def replicate(self, state):
        return state


@pytest.fixture(scope="module")
def method(make_method):
    return make_method(method="finetune", evaluators=("recall_quality",))


@pytest.fixture(scope="module")
def record(method):
    return Record(method.parts.config, method.parts.plan, "data")


@pytest.fixture(scope="module")
def filled(method):
    """A brain that is full of one number, with a key of your own."""
    abstract = jax.eval_shape(lambda key: init_brain(method, key), jax.random.key(0))

    def fill(number: int, key: Any) -> Any:
        def one(leaf):
            is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
            return key if is_key else np.full(leaf.shape, number, leaf.dtype)

        return jax.tree.map(one, abstract)

    return fill


@pytest.fixture
def begun(method, record, filled, tiny_stream, monkeypatch):
    """Begins in a folder; a fresh brain is full of ones."""
    monkeypatch.setattr(module, "init_brain", lambda method, key: filled(1, key))
    phases = method.phases(tiny_stream)

    def start(workdir, phases=phases, restart=False, fork_from=None) -> Any:
        devices: Any = Eager()
        return begin(method, record, phases, devices, workdir, restart=restart, fork_from=fork_from)

    return start


@pytest.fixture(scope="module")
def other(filled):
    """A brain that somebody else has left, full of twos."""
    return filled(2, jax.random.key(99))


@pytest.fixture
def left(tmp_path, record, other):
    """A folder in which a run was left after 3 steps, amid the classification of task 1."""
    cursor = to_json(Cursor("classify", steps=3, task=1, done=2))
    path, state = tmp_path / "run" / "checkpoints", without_prefetched(other)
    claim(tmp_path / "run", record, anew=True)
    (tmp_path / "run" / "metrics.jsonl").write_text("")
    write_checkpoint(path, 3, state, cursor, record.to_mapping())
    return tmp_path / "run"


def test_a_new_run_begins_with_the_seed_at_the_first_phase(
    begun, filled, record, tmp_path, assert_same
):
    state, cursor, resumed = begun(tmp_path / "run")
    assert_same(state, filled(1, jax.random.key(record.config.seed)))
    assert (cursor.stage, cursor.steps, cursor.task, resumed) == ("start", 0, 0, None)
    written = read_sealed(tmp_path / "run" / "config.json")
    assert written == record.to_mapping() | {"forked_from": None}


def test_a_run_goes_on_with_what_its_checkpoint_holds_and_has_prefetched_nothing(
    begun, left, other, assert_same
):
    state, cursor, resumed = begun(left)
    assert resumed == left / "checkpoints" / "00000003"
    assert (cursor.stage, cursor.steps, cursor.task, cursor.done) == ("classify", 3, 1, 2)
    assert_same(without_prefetched(state), without_prefetched(other))
    assert jax.tree.structure(state) == jax.tree.structure(other)


def test_a_restart_takes_nothing_from_the_old_run(begun, left):
    _, cursor, resumed = begun(left, restart=True)
    assert (cursor.steps, resumed) == (0, None)
    assert not (left / "checkpoints").exists()


def test_a_fork_begins_where_its_origin_is(begun, left, tmp_path):
    _, cursor, resumed = begun(tmp_path / "fork", fork_from=left)
    assert resumed == tmp_path / "fork" / "checkpoints" / "00000003"
    assert (cursor.stage, cursor.steps, cursor.task) == ("classify", 3, 1)
    told = json.loads((tmp_path / "fork" / "config.json").read_text())["forked_from"]
    assert told == {"workdir": str(left), "checkpoint": "00000003"}


def test_a_fork_that_has_no_checkpoint_of_its_own_yet_begins_at_its_origin_again(
    begun, left, record, tmp_path
):
    told = {"workdir": str(left), "checkpoint": "00000003"}
    claim(tmp_path / "fork", record, anew=True, forked_from=told)
    _, cursor, _ = begun(tmp_path / "fork")
    assert (cursor.stage, cursor.steps, cursor.task) == ("classify", 3, 1)


def test_a_run_of_its_own_is_preferred_to_another_one(begun, left, tmp_path):
    _, _, resumed = begun(left, fork_from=tmp_path / "nowhere")
    assert resumed == left / "checkpoints" / "00000003"


def test_a_name_that_is_taken_twice_is_told_before_anything_is_written(
    begun, method, tiny_stream, tmp_path
):
    phases = method.phases(tiny_stream)
    with pytest.raises(ValueError, match="phases need names of their own"):
        begun(tmp_path / "run", phases=[*phases, phases[0]])
    assert not (tmp_path / "run").exists()
