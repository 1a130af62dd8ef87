"""What follows from settings and data, and its way to JSON and back."""

import dataclasses
import hashlib
import importlib
import json

import jax
import jax.numpy as jnp
import pytest

from braincl_jax.build import build_method
from braincl_jax.config import CodecConfig, Config
from braincl_jax.config import from_mapping as settings_of
from braincl_jax.memory.budget import MIN_CHANNELS
from braincl_jax.memory.record import parts_words
from braincl_jax.plan import from_mapping, resolve, to_mapping, wanted_images
from braincl_jax.types import StreamSpec

# 100 images of 8x12x3, 4 classes.
SPEC = StreamSpec.of_equal_tasks((8, 12, 3), num_classes=4, task_sizes=(60, 40))


def test_a_budget_is_that_of_the_settings_or_that_of_all_classes():
    assert resolve(Config(budget_bytes=700), SPEC).budget_bytes == 700
    # 300 bytes for each of 4 classes.
    plan = resolve(Config(budget_bytes=700, bytes_per_class=300), SPEC)
    assert plan.budget_bytes == 1200


def test_latent_channels_are_those_of_the_settings_or_suit_the_budget():
    codec = CodecConfig(latent_channels=3)
    assert resolve(Config(budget_bytes=7000, codec=codec), SPEC).latent_channels == 3
    # Of 10,000 images, 400,000 bytes are 320 bits each and 320 / 6 a position of 4x4 pixels: at 1.4 bits 38.1 latents.
    many = SPEC._replace(task_sizes=(6000, 4000))
    assert resolve(Config(budget_bytes=400_000), many).latent_channels == 38
    # By classes the same 400,000 bytes.
    by_class = Config(budget_bytes=1, bytes_per_class=100_000)
    assert resolve(by_class, many).latent_channels == 38


@pytest.mark.parametrize(
    ("budget", "image_shape", "num_classes", "task_sizes", "channels"),
    [
        # What was said to need 265,108 bytes.
        (40_000, (20, 24, 3), 10, (32,) * 5, 4),
        (100_000, (32, 32, 3), 20, (20,) * 5, 6),
        (180_000, (32, 32, 3), 20, (20,) * 5, 14),
    ],
)
def test_channels_leave_half_of_a_small_budget_to_strings_where_that_can_be(
    budget, image_shape, num_classes, task_sizes, channels
):
    spec = StreamSpec.of_equal_tasks(image_shape, num_classes, task_sizes)
    config = Config(budget_bytes=budget, codec=CodecConfig(shared="nothing"))
    assert resolve(config, spec).latent_channels == channels

    def parts(number: int) -> int:
        codec = dataclasses.replace(config.codec, latent_channels=number)
        return 2 * parts_words(codec, image_shape, len(task_sizes))

    # As many as leave half of it; four, if even they do not.
    assert channels == MIN_CHANNELS or parts(channels) <= budget / 2
    assert parts(channels + 1) > budget / 2
    # And there is a memory.
    build_method(config, spec)


@pytest.mark.parametrize(
    ("name", "spec", "channels"),
    [
        ("quickstart", ((28, 28, 1), 10, (1000,) * 5), 9),
        ("cifar100_20", ((32, 32, 3), 20, (2000,) * 5), 11),
        ("cifar100_20_long", ((32, 32, 3), 20, (2000,) * 5), 11),
        ("cifar100", ((32, 32, 3), 100, (5000,) * 10), 11),
        ("omniglot_50", ((28, 28, 1), 250, (75,) * 50), 9),
    ],
)
def test_channels_of_the_configs_are_those_that_suit_their_budgets(name, spec, channels):
    get_config = importlib.import_module(f"experiments.configs.{name}").get_config
    plan = resolve(settings_of(get_config().to_dict()), StreamSpec.of_equal_tasks(*spec))
    assert plan.latent_channels == channels


def test_fewer_cues_of_more_bytes_get_more_channels():
    spec = StreamSpec.of_equal_tasks((32, 32, 3), 20, (2_000,) * 5)
    channels = [
        resolve(Config(budget_bytes=1_228_800, budget_policy=policy), spec).latent_channels
        for policy in ("planned", "planned(remembered=0.5)")
    ]
    assert channels[1] > channels[0]
    quarter = Config(budget_policy="planned(remembered=0.25)")
    assert wanted_images(quarter, spec) == 2_500
    # While a step is traced, too.
    assert jax.eval_shape(lambda: jnp.zeros(wanted_images(quarter, spec))).shape == (2_500,)


def test_a_budget_or_batch_far_beyond_the_data_is_refused_before_it_is_allocated():
    raw = 100 * 8 * 12 * 3
    for changes, message in (
        ({"budget_bytes": 2**31}, rf"budget_bytes=2147483648 .* {raw} bytes raw; .* 268435456"),
        ({"bytes_per_class": 2**30}, r"bytes_per_class=1073741824 .* of 4294967296 bytes"),
        ({"eval_batch_size": 10**6}, r"eval_batch_size=1000000 .* 100 training .* at most 1024"),
        ({"wake": {"batch_size": 2048}}, r"wake\.batch_size=2048 .* at most 1024"),
    ):
        with pytest.raises(ValueError, match=message):
            resolve(settings_of(changes), SPEC)
    # What so many images need is possible.
    many = SPEC._replace(task_sizes=(10**6, 10**6))
    assert resolve(Config(budget_bytes=2 * 10**6 * 288, eval_batch_size=2048), many)


def test_classes_have_the_order_and_the_names_of_the_data_and_else_their_numbers():
    plan = resolve(Config(), SPEC, (2, 0, 3, 1), ("cat", "dog", "eel", "fox"))
    assert plan.class_order == (2, 0, 3, 1)
    assert plan.class_names == ("cat", "dog", "eel", "fox")
    assert resolve(Config(), SPEC, (2, 0, 3, 1)).class_names == ("2", "0", "3", "1")
    plan = resolve(Config(), SPEC)
    assert (plan.class_order, plan.class_names) == ((0, 1, 2, 3), ("0", "1", "2", "3"))


def test_plugins_are_known_by_their_bytes(plugin):
    source = "# nothing\n"
    name = plugin(source)
    plan = resolve(Config(plugins=(name,)), SPEC)
    assert plan.plugins == {name: hashlib.sha256(source.encode()).hexdigest()}
    with pytest.raises(ValueError, match="cannot import 'no_such_plugin'"):
        resolve(Config(plugins=("no_such_plugin",)), SPEC)


def test_a_plan_survives_the_way_to_json_and_back(plugin):
    plan = resolve(Config(plugins=(plugin(""),)), SPEC, (2, 0, 3, 1))
    plan = dataclasses.replace(plan, spec=SPEC._replace(task_classes=((0,), (0, 1, 2, 3))))
    assert from_mapping(json.loads(json.dumps(to_mapping(plan)))) == plan


@pytest.mark.parametrize("name", ["spec", "class_order", "class_names", "budget_bytes", "plugins"])
@pytest.mark.parametrize("value", [None, True, 0, -1, 1.5, "abcd", [1], [None] * 4])
def test_a_plan_that_was_edited_is_refused_by_the_name_of_what_cannot_be(name, value):
    plan = json.loads(json.dumps(to_mapping(resolve(Config(), SPEC))))
    from_mapping(plan)
    with pytest.raises(ValueError, match=r"plan: \w+ is .*; need "):
        from_mapping(plan | {name: value})
    with pytest.raises(KeyError, match=name):
        from_mapping({key: one for key, one in plan.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image_shape", [8, 12]),
        ("image_shape", [8, 0, 3]),
        ("task_sizes", [60]),
        ("task_sizes", [60, "40"]),
        ("num_tasks", 3),
        ("task_classes", None),
        ("task_classes", [[0, 1, 2, 3]]),
        ("task_classes", [[0, 1], []]),
        ("task_classes", [[0, 1], 3]),
        ("task_classes", [[0, 1], [3, 2]]),
        ("task_classes", [[0, 1], [2, 2, 3]]),
        ("task_classes", [[0, 1], [2, "3"]]),
        ("task_classes", [[0, 1], [2]]),
        ("task_classes", [[0, 1], [2, 3, 4]]),
        ("num_classes", 2**64),
    ],
)
def test_facts_of_the_stream_that_were_edited_are_refused(name, value):
    plan = to_mapping(resolve(Config(), SPEC))
    with pytest.raises(ValueError, match=r"plan: \w+ is .*; need "):
        from_mapping(plan | {"spec": plan["spec"] | {name: value}})


@pytest.mark.parametrize("value", [None, 3, [], "plan"])
def test_what_is_no_mapping_is_no_plan(value):
    with pytest.raises(TypeError):
        from_mapping(value)


def test_the_memory_of_a_budget_by_class_weighs_that_budget(make_method, tiny_config):
    method = make_method(budget_bytes=1, bytes_per_class=tiny_config.budget_bytes // 4)
    assert method.parts.plan.budget_bytes == tiny_config.budget_bytes
    shapes = jax.eval_shape(lambda key: method.layout.init(key).long_term, jax.random.key(0))
    weight = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(shapes))
    assert weight == tiny_config.budget_bytes
