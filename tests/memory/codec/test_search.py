"""The search for a better cue: against all whole numbers where latents are independent, and never for the worse."""

import types
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.config import CodecConfig
from braincl_jax.memory.codec import context, density, search, transforms
from braincl_jax.memory.codec.recall_error import SquaredError
from braincl_jax.wake.encode import rate_distortion

SIDE, LATENT = 4, (2, 2, 4)
FAR = np.arange(-40, 41)


def loss_of(params, tradeoff, image):
    return search.Loss(CODEC, params, SquaredError(), image, jnp.float32(tradeoff), lanes=1)


CODEC = transforms.build_codec(
    CodecConfig(num_stages=1, latent_channels=4, width=4, analysis_width=4), (SIDE, SIDE, 1)
)


@pytest.fixture(scope="module")
def fresh():
    """A block transform: orthonormal, and latents of it know nothing of each other."""
    params = jax.jit(CODEC.init)(jax.random.key(0))
    nothing = params["density"]["context"]
    for name in ("scale_own", "scale_before"):
        nothing = nothing | {name: jnp.full_like(nothing[name], -20)}
    return params | {"density": params["density"] | {"context": nothing}}


@pytest.fixture(scope="module")
def mixed(fresh):
    """A codec whose convolutions and contexts tie all latents of an image together."""
    leaves, form = jax.tree.flatten(fresh)
    keys = jax.random.split(jax.random.key(3), len(leaves))
    noisy = [x + 0.3 * jax.random.normal(key, x.shape) for x, key in zip(leaves, keys, strict=True)]
    params = jax.tree.unflatten(form, noisy)
    ties = context.init(LATENT[-1])
    ties = {name: one + (0.5 if "scale" in name else 0.2) for name, one in ties.items()}
    return params | {"density": params["density"] | {"context": ties}}


@pytest.fixture(scope="module")
def image():
    return jax.random.randint(jax.random.key(1), (SIDE, SIDE, 1), 0, 256).astype(jnp.uint8)


def begin(params, image):
    return jnp.round(CODEC.separate(params["analysis"], image[None])[0])


@pytest.mark.parametrize("tradeoff", [1e-5, 3e-4, 3e-3])
def test_independent_latents_become_the_best_of_all_whole_numbers(fresh, image, tradeoff):
    latents = np.asarray(CODEC.separate(fresh["analysis"], image[None])[0])
    # Orthonormal: a latent that is off by d adds (d / gain)^2 to the squared error of 16 pixels.
    errors = np.square((latents[..., None] - FAR) / transforms.INITIAL_GAIN) / SIDE**2
    values = jnp.broadcast_to(jnp.asarray(FAR, jnp.float32)[:, None], (len(FAR), LATENT[-1]))
    bits = np.asarray(density.bits(fresh["density"]["cumulative"], values)).T
    wanted = FAR[(tradeoff * 255**2 * errors + bits[None, None] / SIDE**2).argmin(-1)]
    loss = loss_of(fresh, tradeoff, image)
    found = jax.jit(lambda cue: search.searched(loss, cue, jax.random.key(2), 400))(
        begin(fresh, image)
    )
    np.testing.assert_array_equal(found, wanted)
    if tradeoff < 1e-3:
        assert (found != begin(fresh, image)).any()


def test_a_promise_is_what_a_move_comes_to_where_latents_are_independent(fresh, image):
    loss, cue = loss_of(fresh, 1e-3, image), begin(fresh, image)
    curvature = search.curvature_of(loss, cue, jax.random.key(0))
    promised, direction = search.promises(loss, cue, curvature)
    for place in ((0, 0, 0), (1, 0, 2), (1, 1, 3)):
        falls = [float(loss(cue.at[place].add(step)) - loss(cue)) for step in (-1, 1)]
        np.testing.assert_allclose(promised[place], min(falls), atol=1e-5)
        assert direction[place] == (-1, 1)[int(np.argmin(falls))]


@pytest.mark.parametrize("seed", range(4))
def test_a_cue_is_never_worse_for_the_search(mixed, seed):
    shape = (SIDE, SIDE, 1)
    image = jax.random.randint(jax.random.key(seed), shape, 0, 256).astype(jnp.uint8)
    loss, cue = loss_of(mixed, 2e-3, image), begin(mixed, image)
    after = [search.searched(loss, cue, jax.random.key(seed), rounds) for rounds in (0, 1, 6, 40)]
    losses = [float(loss(one)) for one in after]
    np.testing.assert_array_equal(after[0], cue)
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0]
    np.testing.assert_array_equal(after[-1], jnp.round(after[-1]))


def test_the_loss_is_that_of_training_where_its_noise_is_that_of_rounding(mixed, image):
    latents, cue = CODEC.separate(mixed["analysis"], image[None]), begin(mixed, image)
    layout: Any = types.SimpleNamespace(
        codec=CODEC,
        recall_error=SquaredError(),
        settings=types.SimpleNamespace(lanes_per_image=1),
    )
    noise = cue[None] - latents
    trained, _ = rate_distortion(mixed, image[None], noise, jnp.float32(0.01), layout)
    np.testing.assert_allclose(loss_of(mixed, 0.01, image)(cue), trained, rtol=1e-4)
    recalled = np.asarray(CODEC.complete(mixed["synthesis"], cue[None]))[0]
    error = np.square(np.asarray(image) / 255 - recalled).mean()
    bits = np.asarray(context.information(mixed["density"], cue[None], cue[None])).sum()
    wanted = 0.01 * 255**2 * error + bits / SIDE**2
    np.testing.assert_allclose(loss_of(mixed, 0.01, image)(cue), wanted, rtol=1e-4)
