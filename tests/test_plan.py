"""What follows from settings and data, and its way to JSON and back."""

import hashlib
import json

import jax
import pytest

from braincl_jax.config import CodecConfig, Config
from braincl_jax.plan import from_mapping, resolve, to_mapping
from braincl_jax.types import StreamSpec

# 100 images of 8x12x3, 4 classes.
SPEC = StreamSpec(image_shape=(8, 12, 3), num_classes=4, num_tasks=2, task_sizes=(60, 40))


def test_a_budget_is_that_of_the_settings_or_that_of_all_classes():
    assert resolve(Config(budget_bytes=700), SPEC).budget_bytes == 700
    # 300 bytes for each of 4 classes.
    plan = resolve(Config(budget_bytes=700, bytes_per_class=300), SPEC)
    assert plan.budget_bytes == 1200


def test_latent_channels_are_those_of_the_settings_or_suit_the_budget():
    codec = CodecConfig(latent_channels=3)
    assert resolve(Config(budget_bytes=7000, codec=codec), SPEC).latent_channels == 3
    # 4000 bytes are 320 bits an image and 320 / 6 a position of 4x4 pixels: at 1.4 bits 38.1 latents.
    assert resolve(Config(budget_bytes=4000), SPEC).latent_channels == 38
    # By classes the same 4000 bytes.
    by_class = Config(budget_bytes=1, bytes_per_class=1000)
    assert resolve(by_class, SPEC).latent_channels == 38


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
    assert from_mapping(json.loads(json.dumps(to_mapping(plan)))) == plan


def test_what_is_no_plan_is_refused():
    with pytest.raises(KeyError, match="spec"):
        from_mapping({"class_order": [0]})


def test_the_memory_of_a_budget_by_class_weighs_that_budget(make_method, tiny_config):
    method = make_method(budget_bytes=1, bytes_per_class=tiny_config.budget_bytes // 4)
    assert method.parts.plan.budget_bytes == tiny_config.budget_bytes
    shapes = jax.eval_shape(lambda key: method.layout.init(key).long_term, jax.random.key(0))
    weight = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(shapes))
    assert weight == tiny_config.budget_bytes
