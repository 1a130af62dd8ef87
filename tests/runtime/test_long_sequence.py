"""Fifty tasks, interrupted five times: nothing is traced again, and every bill is within the budget."""

import dataclasses
import json
import os
import signal
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from braincl_jax.config import CodecConfig, Config, SleepConfig, WakeConfig
from braincl_jax.data import Dataset, TaskStream
from braincl_jax.evaluators import Exam
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.registry import EVALUATORS
from braincl_jax.runtime.interrupt import Interrupted
from braincl_jax.settings import settings
from experiments.benchmarks.launched import differences
from experiments.benchmarks.step_times import compilations, read_timings

NUM_TASKS, CLASSES_PER_TASK, SIDE = 50, 2, 8
TRAIN_PER_CLASS, TEST_PER_CLASS = 6, 2
PHASES = ("start", "encode", "memorise", "classify", "transfer", "replay")


@EVALUATORS.register("weight_of_memory")
@settings()
class WeightOfMemory:
    """What the long-term memory weighs, and what its bill says."""

    when, rows = "after_task", ()

    def run(self, exam: Exam):
        state = exam.fetch()
        return {"bill": exam.method.bill(state), "bytes": tree_bytes(state.memory.long_term)}

    def summarise(self, figures, stream):
        return {"weights": [figures[task] for task in range(stream.spec.num_tasks)]}


CONFIG = Config(
    num_tasks=NUM_TASKS,
    budget_bytes=40_000,
    num_devices=1,
    eval_batch_size=8,
    network="resnet8(width=2)",
    evaluators=("before_sleep", "accuracy", "weight_of_memory"),
    codec=CodecConfig(
        latent_channels=2,
        width=2,
        analysis_width=2,
        shared="nothing",
        first_steps=3,
        steps=2,
        batch_size=8,
    ),
    wake=WakeConfig(batch_size=8),
    sleep=SleepConfig(steps=2, batch_size=8, num_groups=2),
)


class Died(Exception):
    """The process has died, for all that a test can tell."""


def die() -> None:
    raise Died


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


INTERRUPTIONS = (
    ((3, "encode", 1), die, Died),
    ((11, "replay", 1), terminate, Interrupted),
    ((24, "transfer", 0), die, Died),
    ((37, "after_task", 1), terminate, Interrupted),
    ((48, "memorise", 1), die, Died),
)


@dataclasses.dataclass
class Life:
    """What two runs of the sequence left, one undisturbed and one interrupted.

    Attributes:
        alone, interrupted: their folders.
        traces: how often the Python body of each step ran, in both runs together.
    """

    alone: Path
    interrupted: Path
    traces: Counter


@pytest.fixture(scope="module")
def stream() -> TaskStream:
    """Noise around a grey level of the class."""
    rng = np.random.default_rng(0)
    num_classes = NUM_TASKS * CLASSES_PER_TASK

    def split(per_class: int) -> tuple[np.ndarray, np.ndarray]:
        label = np.arange(num_classes * per_class) % num_classes
        noise = rng.integers(0, 50, (len(label), SIDE, SIDE, 1))
        return (2 * label[:, None, None, None] + noise).astype(np.uint8), label

    dataset = Dataset.of_arrays(*split(TRAIN_PER_CLASS), *split(TEST_PER_CLASS))
    return TaskStream.create(dataset, num_tasks=NUM_TASKS)


@pytest.fixture(scope="module")
def life(run_of, stream, tmp_path_factory) -> Life:
    folder = tmp_path_factory.mktemp("long")
    run = run_of(CONFIG, stream)
    life = Life(folder / "alone", folder / "interrupted", run.traces[CONFIG])
    run(life.alone)
    for place, event, raised in INTERRUPTIONS:
        with pytest.raises(raised):
            run(life.interrupted, (place, event))
    run(life.interrupted)
    return life


def test_each_step_is_traced_once_for_all_tasks_and_all_resumptions(life):
    assert life.traces == dict.fromkeys(PHASES, 1)


def test_after_two_tasks_nothing_is_compiled_any_more(life):
    (alone,) = map(compilations, read_timings(life.alone / "timings.jsonl"))
    assert alone["compiled_in_first_two_tasks"] >= len(PHASES)
    assert (alone["last_task"], alone["compiled_later"]) == (NUM_TASKS - 1, 0)


def test_a_resumed_run_compiles_nothing_after_two_tasks_either(life):
    resumed = [compilations(one) for one in read_timings(life.interrupted / "timings.jsonl")]
    assert [one["last_task"] for one in resumed] == [3, 11, 24, 37, 48, 49]
    assert [one["compiled_later"] for one in resumed] == [0] * 6


def test_the_interrupted_run_ends_as_the_undisturbed_one(life):
    assert differences(life.alone, life.interrupted) == []


def test_every_bill_is_what_the_arrays_weigh_and_within_the_budget(life):
    for workdir in (life.alone, life.interrupted):
        weights = json.loads((workdir / "summary.json").read_text())["weights"]
        assert len(weights) == NUM_TASKS
        for task, weight in enumerate(weights):
            bill = weight["bill"]
            assert sum(bill.values()) == weight["bytes"] <= CONFIG.budget_bytes, task
            assert min(bill.values()) >= 0, task
            # A record of every task so far, and cues of the newest.
            assert bill["decoders"] == (task + 1) * weights[0]["bill"]["decoders"]
