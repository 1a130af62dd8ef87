"""Parts from outside the package: run, interrupted, resumed, recorded, compared and drawn without an edit of it."""

import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from braincl_jax import load_run
from experiments.benchmarks import harness
from experiments.benchmarks.launched import ROOT, Interruption, Launched, disturb

EXAMPLES = sorted(
    path for path in (ROOT / "experiments" / "examples").glob("*.py") if path.stem != "__init__"
)
PLUGINS = tuple(f"experiments.examples.{path.stem}" for path in EXAMPLES)
SETTINGS = harness.SMALL | {
    "plugins": PLUGINS,
    "dataset": "stripes:4",
    "num_tasks": 2,
    "method": "slow_weights(decay=0.9)",
    "budget_policy": "reserve(share=0.5)",
    "sleep.sampler": "recent_first(share=0.5)",
    "evaluators": ("accuracy", "worst_class(rank=1)"),
}
FLAGS = [f"--config.{name}={value}" for name, value in SETTINGS.items()]
QUICK = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
CACHE = {
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


@pytest.fixture(scope="module")
def lives(tmp_path_factory):
    """The folder of a run that was left alone, and what differs between it and one that was killed."""
    folder = tmp_path_factory.mktemp("examples")
    launched = Launched([harness.QUICKSTART, *FLAGS], folder, environment=QUICK)

    def places(steps: int) -> list[Interruption]:
        return [Interruption(steps // 2, 0.1, signal.SIGKILL, 2)]

    _, different = disturb(launched, folder, places)
    return folder / "alone", different


def test_a_run_with_parts_from_outside_resumes_bit_for_bit(lives):
    assert lives[1] == []


def test_their_figures_reach_log_summary_report_and_state(lives):
    workdir, _ = lives
    summary = json.loads((workdir / "summary.json").read_text())
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    told = [
        line["figures"]["accuracy"]
        for line in lines
        if line.get("evaluator", "").startswith("worst")
    ]
    assert told == summary["worst_class_by_task"]
    assert summary["worst_class_accuracy"] == told[-1]
    page = (workdir / "report" / "report.md").read_text()
    assert "worst class after the last task" in page
    assert (workdir / "report" / "worst_class_curve.png").exists()
    # Slow weights are kept from task to task, and count as the method's.
    run = load_run(workdir)
    assert int(run.state.own["steps"]) == 12
    assert summary["memory_bytes"]["own"] == sum(
        np.asarray(leaf).nbytes for leaf in _leaves(run.state.own)
    )


def _leaves(tree):
    if isinstance(tree, dict):
        return [leaf for one in tree.values() for leaf in _leaves(one)]
    return [tree]


def test_a_run_is_known_by_its_parts_and_by_the_text_of_its_plugins(lives):
    record = json.loads((lives[0] / "config.json").read_text())
    assert record["settings"]["method"] == "slow_weights(decay=0.9, smoothing=0.1)"
    assert record["settings"]["sleep"]["sampler"] == "recent_first(share=0.5)"
    assert set(record["plan"]["plugins"]) == set(PLUGINS)
    assert record["plan"]["class_names"][0].endswith("degrees")


def test_a_run_answers_without_its_data_set(lives):
    run = load_run(lives[0])
    images = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 1)).astype(np.uint8)
    assert run.predict(images).shape == (8, 4)
    assert run.recall([0, 1]).shape == (2, 16, 16, 1)
    with pytest.raises(ValueError, match="nothing is stored there"):
        run.recall([10**6])


def test_they_are_compared(lives, tmp_path):
    own = {name: SETTINGS[name] for name in SETTINGS if name not in ("plugins", "method")}
    command = [
        *(sys.executable, "-m", "experiments.compare", f"--plugins={','.join(PLUGINS)}"),
        *("--variant=slow:method=slow_weights(decay=0.9)", "--seeds=0"),
        *(f"--workdir={tmp_path}", "--", *(f"--config.{k}={v}" for k, v in own.items())),
    ]
    # Most programs have been compiled for the runs above.
    cache = {"JAX_COMPILATION_CACHE_DIR": str(lives[0].parent / "compiled"), **CACHE}
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **QUICK, **cache}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "worst class after the last task" in done.stdout
    assert "| slow |" in done.stdout


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_fewer_than_fifty_lines_and_a_place_in_the_document(path: Path):
    text = path.read_text()
    assert len(text.splitlines()) < 50
    assert ast.get_docstring(ast.parse(text))
    assert f"experiments/examples/{path.name}" in (ROOT / "docs" / "extending.md").read_text()
