"""What a memory of cues would allocate is refused by name before it does."""

import dataclasses

import pytest

from braincl_jax.config import CodecConfig, Config, SleepConfig
from braincl_jax.memory.limits import MOST_PREFETCHED, require_few, require_room
from braincl_jax.plan import resolve
from braincl_jax.types import StreamSpec

SPEC = StreamSpec.of_equal_tasks((8, 12, 3), num_classes=4, task_sizes=(60, 40))
CODEC = CodecConfig(num_stages=2, latent_channels=100)


def plan_of(budget_bytes, spec=SPEC):
    return resolve(Config(budget_bytes=budget_bytes, codec=CODEC), spec)


def test_a_decoder_that_no_budget_pays_for_is_told_by_hand_computed_bytes():
    # A kernel of 4x4x3 numbers for each channel, and two bytes for each of 100 * 99 / 2 pairs.
    least = 48 * 100 + 100 * 99
    require_room(CODEC, plan_of(least))
    with pytest.raises(ValueError, match=rf"latent_channels=100 .* at least {least} bytes"):
        require_room(CODEC, plan_of(least - 1))


def test_labels_that_an_entry_cannot_hold_are_refused():
    many = SPEC._replace(num_classes=65_536)
    require_room(CODEC, plan_of(10**6, many))
    with pytest.raises(ValueError, match="65537 classes; the index of the memory can tell 65536"):
        require_room(CODEC, plan_of(10**6, many._replace(num_classes=65_537)))


def test_what_is_decoded_together_is_bounded():
    # 2^28 latents: 16 steps of 64 cues of 2^18.
    shape, sleep = (64, 64, 64), SleepConfig()
    assert sleep.prefetch_steps * sleep.batch_size * 64**3 == MOST_PREFETCHED
    require_few(sleep, shape)
    with pytest.raises(ValueError, match=r"prefetch_steps=17 .* 64 cues of 64x64x64 .* at most 16"):
        require_few(dataclasses.replace(sleep, prefetch_steps=17), shape)
    with pytest.raises(ValueError, match=r"sleep.batch_size=2048 .* must be at most 1024"):
        require_few(dataclasses.replace(sleep, batch_size=2048), shape)
