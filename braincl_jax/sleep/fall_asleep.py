"""What every method does when sleep begins."""

import jax

from braincl_jax.parts import Parts
from braincl_jax.state import BrainState, named_key
from braincl_jax.types import Metrics, Now


def fall_asleep(state: BrainState, parts: Parts) -> BrainState:
    """A fresh optimiser for the whole network, whose weights go back as far as settings ask.

    The head goes back to that of the morning where what the day has trained is not to last (`wake.lasting`), and all
    weights some way towards fresh ones (`sleep.downscaling`): synaptic down-scaling in sleep
    (Tononi & Cirelli 2006), with noise in place of what is taken away, so that a network that has learned for long
    learns on as easily as a new one (Ash & Adams 2020, arXiv 1910.08475, section 4).
    """
    encoder, back = state.encoder.as_in_the_morning(), parts.config.sleep.downscaling
    params = encoder.params
    if back:
        key = named_key(state.key, "downscaling", state.progress.task)
        fresh, _ = parts.network.init(key, parts.spec.image_shape)
        params = jax.tree.map(lambda old, new: (1 - back) * old + back * new, params, fresh)
    fresh_opt = parts.sleep_optimiser.init(params)
    return state.replace(encoder=encoder.replace(params=params, sleep_opt=fresh_opt))


def fall_asleep_step(
    state: BrainState, batch: None, now: Now, axis_name: str | None = None, *, parts: Parts
) -> tuple[BrainState, Metrics]:
    """`fall_asleep`, for methods of which nothing moves from working to long-term memory; `batch` is None."""
    del batch, now, axis_name
    return fall_asleep(state, parts), {}
