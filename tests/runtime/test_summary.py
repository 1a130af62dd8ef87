"""The summary in numbers that can be worked out by hand."""

import json
import types
from typing import Any

import numpy as np
import pytest

from braincl_jax.config import Config, SleepConfig
from braincl_jax.data.dataset import LeftOut
from braincl_jax.evaluators.base import Row
from braincl_jax.pipeline import Phase
from braincl_jax.plan import resolve
from braincl_jax.runtime import summary as module
from braincl_jax.runtime.cursor import Outcome
from braincl_jax.runtime.summary import summarise_run
from braincl_jax.types import StreamSpec

SPEC = StreamSpec.of_equal_tasks((8, 4, 3), num_classes=4, task_sizes=(6, 5))
CONFIG = Config(num_tasks=2, budget_bytes=999, sleep=SleepConfig(batch_size=16))


class Sum:
    """An evaluator that adds up what it found."""

    rows = (Row("Sum", "sum", 100, "%"),)

    def summarise(self, figures, facts):
        assert facts.evaluated_on == "test"
        return {"sum": sum(found["x"] for found in figures.values())}


@pytest.fixture
def summary_of(monkeypatch):
    """Makes the summary of a run that has stored some images."""
    monkeypatch.setattr(module, "phase_flops", lambda *arguments: {"replay": 5})
    monkeypatch.setattr(module, "brain_shapes", lambda method: None)

    def make(stored: int) -> dict[str, Any]:
        parts = types.SimpleNamespace(config=CONFIG, plan=resolve(CONFIG, SPEC, (3, 1, 0, 2)))
        method: Any = types.SimpleNamespace(
            parts=parts,
            bill=lambda state: {"strings": 40, "labels": 2},
            caches=lambda state: {"decoded_cache": 5},
            num_stored=lambda state: stored,
        )
        state: Any = types.SimpleNamespace(
            encoder=types.SimpleNamespace(
                params={"w": np.zeros((5, 2), np.float32)}, batch_stats=[np.zeros(3, np.float32)]
            ),
            memory=types.SimpleNamespace(working=np.zeros(7, np.uint8)),
            consolidation=types.SimpleNamespace(examples={"wake": np.int32(8)}),
        )
        stream: Any = types.SimpleNamespace(
            evaluated_on="test", test_sizes=(3, 4), left_out=LeftOut((2, 5), ())
        )
        return summarise_run(
            state,
            method=method,
            evaluators={"sum": Sum()},  # pyright: ignore
            stream=stream,
            phases=[Phase("replay", lambda *moment: moment, counts_as="sleep")],  # pyright: ignore
            outcome=Outcome.empty()._replace(
                figures={"sum": {0: {"x": 0.25}, 1: {"x": 0.5}}},
                seconds={"wake": 1.23456},
                steps={"replay": 3},
            ),
            device="1 x cpu",
        )

    return make


def test_bytes_are_those_of_the_arrays(summary_of):
    summary = summary_of(3)
    assert summary["memory_bytes"] == {"strings": 40, "labels": 2, "total": 42}
    assert summary["cache_bytes"] == {"decoded_cache": 5}
    assert summary["budget_bytes"] == 999
    assert summary["raw_train_bytes"] == 11 * 8 * 4 * 3
    assert summary["classifier_bytes"] == 4 * (10 + 3)
    assert summary["working_bytes"] == 7
    assert summary["replay_batch_bytes"] == 16 * 8 * 4 * 3


def test_bits_are_counted_by_pixel_of_what_is_stored(summary_of):
    assert summary_of(3)["bits_per_pixel"] == 8 * 42 / (3 * 8 * 4) == 3.5
    assert summary_of(0)["bits_per_pixel"] is None


def test_evaluators_have_their_say_and_their_rows(summary_of):
    summary = summary_of(3)
    assert summary["sum"] == 0.75
    assert summary["rows"] == [{"label": "Sum", "key": "sum", "scale": 100, "unit": "%"}]


def test_it_is_json_and_seconds_are_rounded(summary_of):
    summary = summary_of(3)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["wall_seconds"] == {"wake": 1.23}
    assert summary["compute"]["flops"] == {"replay": 15}
    assert (summary["max_flops"], summary["max_examples"]) == (0.0, 0)
    assert summary["examples_seen"] == {"wake": 8}
    assert (summary["class_order"], summary["test_sizes"]) == ([3, 1, 0, 2], [3, 4])


def test_images_that_cannot_be_read_are_counted(summary_of):
    assert summary_of(1)["left_out"] == {"train": 2, "test": 0}
