"""From settings to a brain that has seen nothing."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from braincl_jax.build import build_method, build_parts, build_plan, build_stream, init_brain
from braincl_jax.config import Config
from braincl_jax.methods import Finetune
from braincl_jax.settings import settings
from braincl_jax.sleep.augment import CropFlipNoise
from braincl_jax.state import named_key


@settings()
class Keeper(Finetune):
    """Keeps a number drawn from the key that it is given."""

    def init(self, key):
        return {"drawn": jax.random.uniform(key)}


@pytest.fixture(scope="module")
def newborn(make_method):
    method = Keeper(parts=make_method(method="finetune").parts)
    return init_brain(method, jax.random.key(3))


def test_a_brain_begins_before_the_first_task_and_has_seen_nothing(newborn):
    assert int(newborn.progress.task) == -1
    assert newborn.consolidation.seen_classes.tolist() == [False] * 4
    assert {name: int(count) for name, count in newborn.consolidation.examples.items()} == (
        dict.fromkeys(("codec", "wake", "sleep"), 0)
    )
    assert int(newborn.memory.prefetched.first) == -1


def test_what_a_method_keeps_is_drawn_from_a_key_of_its_own(newborn):
    expected = jax.random.uniform(named_key(jax.random.key(3), "own"))
    assert newborn.own["drawn"] == expected


def test_no_two_leaves_share_a_buffer_so_that_the_state_can_be_donated(newborn):
    pointers = [
        leaf.unsafe_buffer_pointer()
        for leaf in jax.tree.leaves(newborn)
        if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) and leaf.size
    ]
    assert len(pointers) == len(set(pointers))


def test_parts_are_those_that_the_settings_name(tiny_config, tiny_stream):
    sleep = dataclasses.replace(tiny_config.sleep, augmentation="crop_flip_noise(noise=3)")
    config = dataclasses.replace(tiny_config, sleep=sleep)
    parts = build_parts(config, build_plan(config, tiny_stream))
    assert parts.augment == CropFlipNoise(noise=3.0)
    assert parts.network.head.features == 4
    assert parts.spec == tiny_stream.spec


def seeing(config, side, augmentation):
    sleep = dataclasses.replace(config.sleep, augmentation=augmentation)
    return dataclasses.replace(config, network_side=side, sleep=sleep)


@pytest.mark.parametrize(
    "augmentation",
    [
        "random_crop(side=12)",
        "random_resized_crop(side=12)",
        "chain(parts=('random_crop(side=12)', 'crop_flip_noise'))",
    ],
)
def test_what_is_shown_asleep_may_be_smaller_than_what_is_remembered(
    tiny_config, tiny_stream, augmentation
):
    method = build_method(seeing(tiny_config, 12, augmentation), tiny_stream.spec)
    assert method.parts.network.seen_shape((16, 16, 1)) == (12, 12, 1)
    state = jax.eval_shape(lambda key: init_brain(method, key), jax.random.key(0))
    for side in (12, 16):
        images = jax.ShapeDtypeStruct((3, side, side, 1), jnp.uint8)
        assert jax.eval_shape(method.predict, state, images).shape == (3, 4)


@pytest.mark.parametrize(
    ("side", "augmentation", "message"),
    [
        (12, "crop_flip_noise", r"makes uint8\[1, 16, 16, 1\] .* random_crop\(side=12\), alone or"),
        (
            12,
            "random_crop(side=8)",
            r"makes uint8\[1, 8, 8, 1\] .* must make uint8\[1, 12, 12, 1\]",
        ),
        (0, "random_crop(side=8)", "it must keep shape and dtype of images"),
        (17, "random_crop", "network_side=17 is impossible for images of 16x16: .* at most 16"),
    ],
)
def test_what_the_network_cannot_see_is_refused_with_what_to_do(
    tiny_config, tiny_stream, side, augmentation, message
):
    with pytest.raises(ValueError, match=message):
        build_method(seeing(tiny_config, side, augmentation), tiny_stream.spec)


def test_a_plan_knows_the_order_of_the_classes(tiny_config, tiny_stream):
    plan = build_plan(tiny_config, tiny_stream)
    assert plan.class_order == tuple(map(int, tiny_stream.class_order))
    assert plan.spec == tiny_stream.spec
    # A method may do with the static facts.
    method = build_method(tiny_config, tiny_stream.spec)
    assert method.parts.plan.budget_bytes == plan.budget_bytes == 8_000


def test_a_stream_of_other_tasks_is_refused_with_both_numbers(tiny_config, tiny_stream):
    config = dataclasses.replace(tiny_config, num_tasks=4)
    with pytest.raises(ValueError, match="num_tasks=4, but the stream has 2"):
        build_plan(config, tiny_stream)


def test_the_stream_is_that_of_the_settings():
    stream = build_stream(Config(num_tasks=2, image_side=7))
    assert stream.spec.image_shape == (7, 7, 1)
    assert stream.spec.num_tasks == 2
