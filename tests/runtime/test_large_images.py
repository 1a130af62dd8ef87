"""Images of ImageNet's size through memory and sleep: remembered at 256 pixels, shown to the network at 224."""

import json

import numpy as np
import pytest

from braincl_jax.build import build_stream
from braincl_jax.config import CodecConfig, Config, SleepConfig, WakeConfig
from braincl_jax.runtime.interrupt import Interrupted
from braincl_jax.runtime.load import load_run
from experiments.benchmarks.launched import differences
from tests.runtime.dying import terminate

MEMORY, NETWORK = 256, 224
EDGE = (MEMORY - NETWORK) // 2
CONFIG = Config(
    dataset=f"generated:classes=2,train=8,test=4,side={MEMORY}",
    network_side=NETWORK,
    num_tasks=2,
    num_devices=1,
    budget_bytes=24_000,
    eval_batch_size=4,
    network="resnet8_half(width=2)",
    evaluators=("accuracy",),
    codec=CodecConfig(
        num_stages=4,
        latent_channels=4,
        width=4,
        analysis_width=4,
        lanes_per_image=4,
        first_steps=4,
        steps=2,
        batch_size=4,
    ),
    wake=WakeConfig(batch_size=4),
    sleep=SleepConfig(
        steps=3,
        batch_size=4,
        num_groups=2,
        prefetch_steps=2,
        augmentation=f"random_resized_crop(side={NETWORK})",
    ),
)


@pytest.fixture(scope="module")
def stream():
    return build_stream(CONFIG)


@pytest.fixture(scope="module")
def runs(run_of, stream):
    return run_of(CONFIG, stream)


@pytest.fixture(scope="module")
def workdir(runs, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("large") / "run"
    runs(workdir)
    return workdir


def test_all_are_remembered_within_the_budget_and_recalled_at_their_own_size(workdir, stream):
    summary = json.loads((workdir / "summary.json").read_text())
    assert summary["num_cues"] == 8
    assert summary["memory_bytes"]["total"] == summary["budget_bytes"] == 24_000
    assert summary["image_shape"] == [MEMORY, MEMORY, 3]
    assert [len(row) for row in summary["accuracy_matrix"]] == [2, 2]
    run = load_run(workdir)
    sources = np.load(workdir / "sources.npy")
    recalled = run.recall([0, 7])
    real = np.concatenate([stream.train_images(task, [place]) for task, place in sources[[0, 7]]])
    assert recalled.shape == (2, MEMORY, MEMORY, 3)
    # What is recalled is of its own image, of waves in noise, and not of the other.
    errors = [[np.square(a.astype(float) - b).mean() for b in real] for a in recalled]
    assert errors[0][0] < errors[0][1] and errors[1][1] < errors[1][0]


def test_the_network_sees_the_middle_and_nothing_around_it(workdir, stream):
    run, images = load_run(workdir), stream.test_images(0, np.arange(2))
    logits = run.predict(images)
    middle = images[:, EDGE:-EDGE, EDGE:-EDGE]
    np.testing.assert_array_equal(run.predict(middle), logits)
    around = np.zeros_like(images)
    around[:, EDGE:-EDGE, EDGE:-EDGE] = middle
    np.testing.assert_array_equal(run.predict(around), logits)
    assert (run.predict(np.roll(images, 5, 1)) != logits).any()
    with pytest.raises(ValueError, match=r"uint8 \[N, 256, 256, 3\] and uint8 \[N, 224, 224, 3\]"):
        run.predict(images[:, 1:])


def test_a_run_that_is_interrupted_asleep_ends_as_if_left_alone(runs, workdir, tmp_path):
    with pytest.raises(Interrupted):
        runs(tmp_path / "run", ((0, "replay", 1), terminate))
    runs(tmp_path / "run")
    assert differences(workdir, tmp_path / "run") == []
    # Each phase was compiled once, for both tasks.
    assert set(runs.traces[CONFIG].values()) == {1}
