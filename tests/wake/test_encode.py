"""The rate controller of encode and what each part of the codec moves by, by hand."""

import types
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory.codec.transforms import ANALYSIS, Codec
from braincl_jax.registry import RECALL_ERRORS
from braincl_jax.wake import encode
from braincl_jax.wake.encode import moved_log_tradeoff, scaled_updates, target_bits


def brain(log_tradeoff: float) -> Any:
    return types.SimpleNamespace(
        memory=types.SimpleNamespace(
            working=types.SimpleNamespace(log_tradeoff=jnp.float32(log_tradeoff))
        )
    )


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (100, -3.0),  # as wanted
        (150, -3.05),  # half too many: 0.1 * 0.5 down
        (75, -2.975),
        (900, -3.1),  # no more than a relative error of 1 counts
    ],
)
def test_lambda_falls_while_cues_take_too_many_bits_and_rises_while_too_few(bits, expected):
    moved = moved_log_tradeoff(brain(-3), jnp.float32(bits), jnp.float32(100))
    np.testing.assert_allclose(moved, expected, rtol=1e-6)


def test_lambda_stays_within_its_range():
    low, high = encode.LOG_TRADEOFF_RANGE
    assert float(moved_log_tradeoff(brain(low), jnp.float32(500), jnp.float32(100))) == low
    assert float(moved_log_tradeoff(brain(high), jnp.float32(1), jnp.float32(100))) == high


def test_the_target_is_a_little_less_than_the_words_of_a_cue_without_what_lanes_flush():
    class Layout:
        format = types.SimpleNamespace(lanes=2)

        def cue_words(self, memory, task):
            assert (memory, task) == ("memory", 3)
            return jnp.float32(10)

    state: Any = types.SimpleNamespace(memory="memory", progress=types.SimpleNamespace(task=3))
    layout: Any = Layout()
    # 10 words of 16 bits, 98.5 % of them, and 24 bits for each of two lanes.
    np.testing.assert_allclose(target_bits(state, layout), 16 * 0.985 * 10 - 48, rtol=1e-6)


DIRECTION = {
    "analysis": {"a": jnp.float32(1)},
    "synthesis": {"Conv_0": {"k": jnp.float32(2)}, "Conv_1": {"k": jnp.float32(3)}},
    "density": {"d": jnp.float32(4)},
}


@pytest.mark.parametrize(
    ("density", "trunk", "task", "shared", "g_a", "expected_density"),
    [
        ("trained", (), 1, -0.2, -0.1, -4.0),  # ten times the rate
        ("fixed", (), 1, -0.2, -0.1, 0.0),
        ("trained", ("Conv_0",), 0, -0.2, -0.1, -4.0),
        ("trained", ("Conv_0",), 1, 0.0, -0.1, -4.0),  # what all tasks share stands still
        ("trained", ("Conv_0", ANALYSIS), 1, 0.0, 0.0, -4.0),
    ],
)
def test_updates_by_part(density, trunk, task, shared, g_a, expected_density):
    networks: Any = None
    layout: Any = types.SimpleNamespace(
        settings=types.SimpleNamespace(density=density),
        codec=Codec(networks, networks, (1, 1, 1), trunk),
    )
    updates = scaled_updates(DIRECTION, jnp.float32(0.1), jnp.int32(task), layout)
    np.testing.assert_allclose(updates["analysis"]["a"], g_a, rtol=1e-6)
    np.testing.assert_allclose(updates["synthesis"]["Conv_0"]["k"], shared, rtol=1e-6)
    np.testing.assert_allclose(updates["synthesis"]["Conv_1"]["k"], -0.3, rtol=1e-6)
    np.testing.assert_allclose(updates["density"]["d"], expected_density, rtol=1e-6)


def test_lambda_stays_as_it_was_at_the_beginning_of_a_task(diary):
    # 15 % of 10 steps: the first two of each task; then it moves, from task to task on.
    tradeoffs = [
        float(diary.after[task, phase].memory.working.log_tradeoff)
        for task, phase in ((0, "start"), (0, "encode"), (1, "start"), (1, "encode"))
    ]
    assert tradeoffs[0] != tradeoffs[1] == tradeoffs[2] != tradeoffs[3]
    state, batch = diary.before[1, "encode"]
    early = state.replace(progress=state.progress.replace(step=jnp.int32(1)))
    held, _ = diary.steps["encode"](early, batch)
    assert held.memory.working.log_tradeoff == state.memory.working.log_tradeoff


def test_lambda_follows_no_share_that_is_less_than_a_cue_needs(diary, monkeypatch):
    state, batch = diary.before[1, "encode"]
    late = state.replace(progress=state.progress.replace(step=jnp.int32(9)))
    phase = diary.phases["encode"]
    found = {}
    for bits in (-8.2, 8.2):
        monkeypatch.setattr(encode, "target_bits", lambda *_, bits=bits: jnp.float32(bits))
        step = jax.jit(lambda state, batch: phase(state, batch)[0])
        found[bits] = step(late, batch).memory.working.log_tradeoff
    assert found[-8.2] == state.memory.working.log_tradeoff > found[8.2]


def test_the_loss_and_its_gradient_by_hand(monkeypatch):
    """A latent tells the grey level of a whole image, in quarters; it takes ten bits a unit."""

    def information(density, latents, known, lanes):
        del density, known, lanes
        return 10 * latents

    monkeypatch.setattr(encode.context, "information", information)
    codec = types.SimpleNamespace(
        separate=lambda weight, images: jnp.full((len(images), 1, 1, 1), weight),
        complete=lambda weight, cues: jnp.broadcast_to(cues / 4, (len(cues), 4, 4, 1)),
    )
    layout: Any = types.SimpleNamespace(
        codec=codec,
        settings=types.SimpleNamespace(lanes_per_image=1),
        recall_error=RECALL_ERRORS.build("squared_error"),
    )
    image, noise = jnp.full((2, 4, 4, 1), 51, jnp.uint8), jnp.full((2, 1, 1, 1), 0.4)

    def loss(weight):
        params = {"analysis": weight, "synthesis": 0, "density": 0}
        return encode.rate_distortion(params, image, noise, jnp.float32(0.01), layout)

    (value, told), slope = jax.value_and_grad(loss, has_aux=True)(1.3)
    # 1.3 is rounded to 1 and recalled as 0.25, where the image is 0.2. With noise it is 1.7: 17 bits for 16 pixels.
    np.testing.assert_allclose(value, 0.01 * 255**2 * 0.0025 + 17 / 16, rtol=1e-5)
    np.testing.assert_allclose([told["bits"], told["mse"]], [10, 0.0025], rtol=1e-5)
    # As if it had not been rounded.
    np.testing.assert_allclose(slope, 0.01 * 255**2 * 2 * 0.05 / 4 + 10 / 16, rtol=1e-4)
