"""Settings and stream become a method and the identity of its run."""

import dataclasses

import pytest

from braincl_jax.data.fingerprint import fingerprint
from braincl_jax.runtime import identify as module
from braincl_jax.runtime.identify import identify


def test_a_run_is_its_settings_what_they_come_to_and_its_data(tiny_config, tiny_stream):
    method, record = identify(tiny_config, tiny_stream)
    assert (record.config, record.plan) == (method.parts.config, method.parts.plan)
    assert record.config == tiny_config
    assert record.data == fingerprint(tiny_stream)


def test_all_processes_have_to_find_the_same(tiny_config, tiny_stream, monkeypatch):
    told = []
    monkeypatch.setattr(module, "require_same_everywhere", told.append)
    _, record = identify(tiny_config, tiny_stream)
    assert told == [f"run {record.digest}"]


def test_settings_that_do_not_fit_are_refused(tiny_config, tiny_stream):
    with pytest.raises(ValueError, match="num_tasks=3"):
        identify(dataclasses.replace(tiny_config, num_tasks=3), tiny_stream)
