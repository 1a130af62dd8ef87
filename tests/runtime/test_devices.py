"""Devices: who takes part, how a batch is shared, and one copy of what all of them hold."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.runtime.devices import Devices, require_even_batches, take_devices


class FakeDevice(NamedTuple):
    platform: str = "cpu"


@pytest.mark.parametrize(
    ("counts", "wanted", "message"),
    [
        ([2, 2], 3, r"num_devices=3, but the processes have \[2, 2\] and must take part"),
        ([2, 2], 6, r"num_devices=6, but the processes have \[2, 2\]"),
        ([2, 1], 0, r"num_devices=0, but the processes have \[2, 1\]"),
        ([2, 2], 1, r"num_devices=1, but the processes have \[2, 2\]"),
    ],
)
def test_processes_take_part_with_equally_many_devices(counts, wanted, message, monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: len(counts))
    monkeypatch.setattr(
        jax, "local_devices", lambda process_index: [FakeDevice()] * counts[process_index]
    )
    with pytest.raises(ValueError, match=message):
        Devices(wanted)


def test_devices_are_taken_process_by_process(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    monkeypatch.setattr(jax, "local_devices", lambda process_index: [FakeDevice()] * 3)
    devices = Devices(4)
    assert len(devices) == 4
    assert devices.part == (1, 2)


def test_a_peak_is_the_highest_of_the_devices_of_this_process_that_tell(monkeypatch):
    class Telling(NamedTuple):
        told: dict[str, int] | None

        def memory_stats(self):
            return self.told

    there = [Telling({"peak_bytes_in_use": 7}), Telling({"peak_bytes_in_use": 9}), Telling(None)]
    monkeypatch.setattr(jax, "local_devices", lambda process_index: there)
    assert Devices(3).peak_bytes() == 9
    assert Devices(1).peak_bytes() == 7
    monkeypatch.setattr(jax, "local_devices", lambda process_index: there[2:])
    assert Devices(1).peak_bytes() is None


def test_more_devices_than_there_are_is_an_error_with_both_numbers():
    with pytest.raises(ValueError, match=r"num_devices=99.* has 4"):
        Devices(99)


def test_nought_devices_takes_all():
    assert len(Devices(0)) == 4


def test_a_step_sees_its_share_of_the_rows_and_all_devices_can_speak():
    devices = Devices(4)

    def step(state, batch, *, axis_name):
        assert batch.shape == (2,)
        return state + jax.lax.psum(batch.sum(), axis_name), batch

    state = devices.replicate(jnp.int32(100))
    batch: Any = jnp.arange(8)
    after, shares = devices.map_step(step)(state, batch)
    assert shares.tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert after.tolist() == [128] * 4
    assert int(devices.first(after)) == 128


def test_a_reader_gives_one_copy_and_leaves_the_state_alone():
    devices = Devices(2)
    state = devices.replicate(jnp.float32(3))
    read = devices.map_reader(lambda state, batch, axis_name: 2 * state)
    assert read(state, None).tolist() == 6
    assert state.tolist() == [3, 3]


def test_fetch_undoes_replicate_and_keeps_no_tie_to_the_devices():
    devices = Devices(2)
    key = jax.random.key(7)
    there = devices.replicate({"a": jnp.arange(3), "key": key})
    here = devices.fetch(there)
    assert isinstance(here["a"], np.ndarray) and here["a"].tolist() == [0, 1, 2]
    assert (jax.random.key_data(here["key"]) == jax.random.key_data(key)).all()
    there["a"].delete()  # as a step does with a donated state
    assert here["a"].tolist() == [0, 1, 2]


def test_all_devices_begin_alike():
    state = Devices(2).init(lambda key: jax.random.bits(key), jax.random.key(5))
    assert state.tolist() == [int(jax.random.bits(jax.random.key(5)))] * 2


def test_batches_that_cannot_be_shared_are_named(tiny_config):
    require_even_batches(tiny_config, 4)
    with pytest.raises(
        ValueError,
        match=r"codec\.batch_size=16 must be a multiple of the 3 .*; num_devices=2 takes",
    ):
        require_even_batches(tiny_config, 3)
    sleep: Any = dataclasses.replace(tiny_config.sleep, accumulate=2)
    config = dataclasses.replace(tiny_config, sleep=sleep)
    require_even_batches(config, 2)
    with pytest.raises(ValueError, match=r"accumulate=2 must divide the 1 groups of each device"):
        require_even_batches(config, 4)


def test_devices_are_those_that_the_settings_ask_for(tiny_config):
    config = dataclasses.replace(tiny_config, num_devices=2)
    assert len(take_devices(config, "a run")) == 2
    with pytest.raises(ValueError, match="must be a multiple of the 3 devices in use"):
        take_devices(dataclasses.replace(tiny_config, num_devices=3), "a run")
