"""Numbers that are no numbers end a run before anything of them is kept."""

from types import SimpleNamespace
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax import pipeline
from braincl_jax.runtime.divergence import (
    DivergedError,
    require_finite_metrics,
    require_finite_weights,
)

SETTINGS = {
    "encode": ["codec.learning_rate=0.005"],
    "classify": ["wake.learning_rate=0.05"],
    "replay": ["sleep.learning_rate=0.05", "sleep.weight_decay=0.0005"],
}
DEVICES: Any = SimpleNamespace(fetch=lambda tree: [np.asarray(leaf) for leaf in tree])


@pytest.fixture
def phases(make_method, tiny_stream) -> dict[str, pipeline.Phase]:
    return {phase.name: phase for phase in make_method().phases(tiny_stream)}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_message_names_place_metric_and_the_settings_to_lower(phases, name, value):
    read = [{"loss": np.float32(n), "learning_rate": np.float32(0)} for n in range(20)]
    read[6]["loss"] = np.float32(value)
    with pytest.raises(DivergedError) as caught:
        require_finite_metrics(read, phases[name], 3, 60)
    error = caught.value
    # Steps 41 .. 60 were read.
    assert (error.task, error.phase, error.step, error.metric) == (3, name, 47, "loss")
    assert f"task 3, phase '{name}', step 47: loss is {value}" in str(error)
    assert f"lower {' or '.join(SETTINGS[name])}," in str(error)
    assert "checkpoints from before are kept" in str(error)


def test_finite_metrics_and_arrays_of_any_kind_pass(phases):
    metrics = {"loss": np.float32(1e38), "corrupt_slot": np.int32(-1), "origin": np.full(3, np.nan)}
    assert require_finite_metrics([metrics], phases["replay"], 0, 1) is None


def brain(weight: float, working: float = 0.0) -> Any:
    encoder = {"head": {"kernel": jnp.array([[1.0, weight]])}, "count": jnp.int32(2)}
    memory = SimpleNamespace(working={"codec": jnp.array([working], jnp.bfloat16)})
    return SimpleNamespace(encoder=encoder, memory=memory)


@pytest.mark.parametrize(
    ("state", "metric"),
    [
        (brain(float("inf")), "encoder/head/kernel"),
        (brain(0.0, float("nan")), "working/codec"),
    ],
)
def test_weights_that_the_last_step_broke_are_found_though_its_loss_was_finite(
    phases, state, metric
):
    with pytest.raises(DivergedError, match=f"step 400: {metric} is (inf|nan)") as caught:
        require_finite_weights(state, DEVICES, phases["replay"], 1, 400)
    assert caught.value.metric == metric


def test_finite_weights_pass(phases):
    assert require_finite_weights(brain(1e38), DEVICES, phases["replay"], 1, 400) is None
