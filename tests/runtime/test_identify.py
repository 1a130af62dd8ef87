"""Settings and stream become a method, its phases, and the identity of its run."""

import dataclasses

import pytest

from braincl_jax.data.fingerprint import fingerprint
from braincl_jax.runtime import identify as module
from braincl_jax.runtime.identify import identify


def test_a_run_is_its_settings_what_they_come_to_and_its_data(tiny_config, tiny_stream):
    method, phases, record = identify(tiny_config, tiny_stream)
    assert (record.config, record.plan) == (method.parts.config, method.parts.plan)
    assert record.config == tiny_config
    assert record.data == fingerprint(tiny_stream)
    assert [phase.name for phase in phases] == [one.name for one in method.phases(tiny_stream)]


def test_all_processes_have_to_find_the_same(tiny_config, tiny_stream, monkeypatch):
    told = []
    monkeypatch.setattr(module, "require_same_everywhere", told.append)
    *_, record = identify(tiny_config, tiny_stream)
    assert told == [f"run {record.digest}"]


def test_settings_that_do_not_fit_are_refused(tiny_config, tiny_stream):
    with pytest.raises(ValueError, match="num_tasks=3"):
        identify(dataclasses.replace(tiny_config, num_tasks=3), tiny_stream)


def test_caps_shorten_its_phases_and_are_part_of_what_it_is(tiny_config, tiny_stream):
    # 96 images a day, in 6 steps of 16 for head and 20 for codec, and 8 steps by night.
    capped = dataclasses.replace(tiny_config, max_examples=16 * (20 + 6 + 4))
    *_, phases, record = identify(capped, tiny_stream)
    assert {one.name: one.num_steps(1) for one in phases}["replay"] == 2
    *_, whole = identify(tiny_config, tiny_stream)
    assert record.digest != whole.digest
    with pytest.raises(ValueError, match="max_examples=1 is too small"):
        identify(dataclasses.replace(tiny_config, max_examples=1), tiny_stream)
