"""Settings: refused at the door with the key, the value and what is possible."""

import ast
import dataclasses
import functools
import json
import typing
from pathlib import Path

import jax
import pytest

import braincl_jax
from braincl_jax.build import build_method, init_brain
from braincl_jax.config import Config, changed, flat, from_mapping, to_mapping
from braincl_jax.data import load_source
from braincl_jax.registry import (
    AUGMENTATIONS,
    BACKBONES,
    EVALUATORS,
    FIGURES,
    METHODS,
    POLICIES,
    RECALL_ERRORS,
    SAMPLERS,
)
from braincl_jax.runtime.devices import require_even_batches
from braincl_jax.runtime.loop import run_sequence
from braincl_jax.settings import setting_fields

ROOT = Path(braincl_jax.__file__).parent


def nested(name: str, value) -> dict:
    """{"a": {"b": value}} of "a.b"."""
    for key in reversed(name.split(".")):
        value = {key: value}
    return value


def fields_of(kind, prefix="") -> list[str]:
    """All settings, those of sections by "section.name"."""
    found, hints = [], typing.get_type_hints(kind)
    for field in setting_fields(kind):
        inner = hints[field.name]
        if dataclasses.is_dataclass(inner):
            found += fields_of(inner, f"{prefix}{field.name}.")
        else:
            found.append(prefix + field.name)
    return found


def fields_of_parts() -> list[str]:
    """All settings of registered parts, "sleep.augmentation: crop_flip_noise.flip"."""
    registries = (
        *(METHODS, EVALUATORS, SAMPLERS, AUGMENTATIONS),
        *(RECALL_ERRORS, BACKBONES, POLICIES, FIGURES),
    )
    return [
        f"{registry.setting}: {name}.{field.name}"
        for registry in registries
        for name in registry.names()
        for field in setting_fields(typing.cast(type, registry.get(name)))
    ]


def test_settings_survive_the_way_to_json_and_back(tiny_config):
    assert from_mapping(json.loads(json.dumps(to_mapping(tiny_config)))) == tiny_config
    assert from_mapping({}) == Config()


def test_parts_are_kept_with_all_their_settings_spelt_out():
    config = from_mapping({"network": "resnet8(width=4)", "evaluators": ["accuracy"]})
    assert config.network == "resnet8(width=4, dtype='float32')"
    assert config.evaluators == ("accuracy",)
    # However it is written, it is the same network.
    assert Config(network="resnet8( dtype='float32', width=4)").network == config.network


def test_what_is_not_the_default_is_listed_with_what_would_be():
    assert changed(to_mapping(Config())) == {}
    given = {"seed": 0, "method": "joint", "sleep": {"steps": 7}, "network": "resnet8(width=4)"}
    differing = changed(to_mapping(from_mapping(given)))
    assert list(differing) == ["method", "network", "sleep.steps"]
    assert differing["sleep.steps"] == {"value": 7, "default": 400}
    assert differing["network"]["value"].startswith("resnet8(width=4")
    evaluators = changed(to_mapping(from_mapping({"evaluators": ["accuracy"]})))["evaluators"]
    assert evaluators["value"] == ["accuracy"] and isinstance(evaluators["default"], list)
    assert changed({"old": 3}) == {"old": {"value": 3, "default": None}}


def test_nested_names_are_joined():
    assert flat({"a": {"b": 1, "c": {"d": [2]}}, "e": None}) == {"a.b": 1, "a.c.d": [2], "e": None}


def test_what_is_not_given_keeps_its_default():
    config = from_mapping({"sleep": {"steps": 7}})
    assert config.sleep.steps == 7
    assert config.sleep.batch_size == Config().sleep.batch_size


@pytest.mark.parametrize(
    ("name", "value", "suggestion"),
    [
        ("budget_byte", 5, "budget_bytes"),
        ("codec.learning_rat", 0.1, "codec.learning_rate"),
        ("sleep.step", 3, "sleep.steps"),
    ],
)
def test_an_unknown_key_is_named_with_its_value_and_the_likely_one(name, value, suggestion):
    with pytest.raises(ValueError, match="unknown setting") as error:
        from_mapping(nested(name, value))
    message = str(error.value)
    assert f"{name}={value!r}" in message
    assert f"did you mean {suggestion}?" in message


def test_a_key_like_no_other_gets_the_list_of_known_ones():
    with pytest.raises(ValueError, match=r"qqqq=1.*Known: plugins, method, dataset"):
        from_mapping({"qqqq": 1})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_tasks", "5"),
        ("num_tasks", True),
        ("num_tasks", 5.0),
        ("num_tasks", None),
        ("method", 3),
        ("codec.warm_start", 1),
        ("evaluators", "accuracy"),
        ("sleep.learning_rate", "0.1"),
        ("sleep.learning_rate", True),
        ("codec", 3),
    ],
)
def test_a_wrong_type_is_named(name, value):
    with pytest.raises(ValueError, match=rf"^{name}={value!r} must "):
        from_mapping(nested(name, value))


def test_a_whole_number_will_do_for_a_float():
    rate = from_mapping({"wake": {"learning_rate": 1}}).wake.learning_rate
    assert rate == 1.0
    assert type(rate) is float


IMPOSSIBLE = [
    *[(name, -1) for name in ("classes_per_task", "num_devices", "seed")],
    ("wake.epochs", -1),
    *[(name, 0) for name in ("num_tasks", "budget_bytes", "eval_batch_size")],
    *[(f"codec.{name}", 0) for name in ("num_stages", "width", "steps")],
    ("codec.latent_channels", -1),
    *[(f"codec.{name}", 0) for name in ("analysis_width", "lanes_per_image", "first_steps")],
    *[(f"codec.{name}", 0) for name in ("batch_size", "learning_rate", "clip_norm")],
    *[(f"wake.{name}", 0) for name in ("batch_size", "learning_rate")],
    *[(f"sleep.{name}", 0) for name in ("steps", "batch_size", "num_groups")],
    ("sleep.learning_rate", 0),
    ("sleep.learning_rate", float("nan")),
    ("sleep.warmup_fraction", 1.0),
    ("sleep.warmup_fraction", -0.1),
    ("sleep.momentum", 1.0),
    ("sleep.weight_decay", -1e-4),
    ("sleep.final_learning_rate", -0.1),
    ("sleep.final_learning_rate", 0.2),
    ("codec.density", "learned"),
    ("codec.storage", "int4"),
    ("sleep.num_groups", 3),
    ("sleep.accumulate", 0),
    ("sleep.accumulate", 3),
]


@pytest.mark.parametrize(("name", "value"), IMPOSSIBLE)
def test_an_impossible_value_is_named_with_what_is_possible(name, value):
    shown = rf"{name}={value!r}(\.0)?"  # a whole number may have become a float
    with pytest.raises(ValueError, match=rf"^{shown} is impossible: it must be "):
        from_mapping(nested(name, value))


@pytest.mark.parametrize(
    ("setting", "text", "message"),
    [
        ("network", "resnet8(width=0)", "network: resnet8.width=0 is impossible: it must be b"),
        ("network", "resnet8(dtype='float16')", "resnet8.dtype='float16' is impossible: .* one of"),
        ("network", "resnet8(depth=3)", "unknown setting network: resnet8.depth=3"),
        (
            "sleep.augmentation",
            "crop_flip_noise(crop_padding=-1)",
            "sleep.augmentation: crop_flip_noise.crop_padding=-1 is impossible",
        ),
        (
            "sleep.augmentation",
            "crop_flip_noise(flip=1)",
            "crop_flip_noise.flip=1 must be of type bool",
        ),
        ("sleep.sampler", "fifo", "sleep.sampler='fifo' is unknown"),
        ("codec.recall_error", "squared", "codec.recall_error='squared' is unknown; did you mean"),
    ],
)
def test_settings_of_a_part_are_checked_with_the_config_that_names_it(setting, text, message):
    with pytest.raises(ValueError, match=message):
        from_mapping(nested(setting, text))


def test_a_trunk_needs_a_convolution_before_the_last():
    from_mapping({"codec": {"shared": "trunk", "num_stages": 2}})
    with pytest.raises(ValueError, match=r"codec.shared=trunk .* codec.num_stages=1"):
        from_mapping({"codec": {"shared": "trunk", "num_stages": 1}})


def test_no_cue_is_searched_for_without_the_density_that_it_is_coded_by():
    with pytest.raises(ValueError, match=r"codec.search_rounds=8 .* codec.shared=all"):
        from_mapping({"codec": {"search_rounds": 8, "shared": "all"}})


@pytest.mark.parametrize(
    "name", ["codec.batch_size", "wake.batch_size", "sleep.num_groups", "eval_batch_size"]
)
def test_a_batch_that_devices_cannot_share_is_named_with_both_numbers(name):
    section, _, key = name.rpartition(".")
    values = {"batch_size": 48, key: 6} if section == "sleep" else {key: 6}
    config = from_mapping({section: values} if section else values)
    require_even_batches(config, 2)
    with pytest.raises(ValueError, match=rf"{name}=6 .* 4 devices"):
        require_even_batches(config, 4)


def test_parts_that_the_groups_of_a_device_cannot_fill_evenly_are_named_with_all_numbers():
    config = from_mapping({"sleep": {"num_groups": 8, "accumulate": 4}})
    require_even_batches(config, 2)
    with pytest.raises(
        ValueError,
        match=r"sleep.accumulate=4 must divide the 2 groups of each device: sleep.num_groups=8 on 4 ",
    ):
        require_even_batches(config, 4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codec": {"lanes_per_image": 3}}, r"lanes_per_image=3 must divide the 4 rows of a cue"),
        ({"budget_bytes": 500}, r"budget_bytes=500 is too small.* at least \d+"),
        ({"method": "replay_raw", "budget_bytes": 500}, r"budget_bytes=500 pays for 1 exemplars"),
    ],
)
def test_what_does_not_fit_the_stream_is_refused_before_anything_is_written(
    changes, message, tiny_config, tiny_stream, tmp_path
):
    merged = to_mapping(tiny_config)
    for key, value in changes.items():
        merged[key] = merged[key] | value if isinstance(value, dict) else value
    config = from_mapping(merged)
    workdir = tmp_path / "run"
    with pytest.raises(ValueError, match=message):
        run_sequence(config, tiny_stream, workdir)
    assert not workdir.exists()
    with pytest.raises(ValueError, match=message):
        build_method(config, tiny_stream.spec)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "brain"}, r"method='brain' is unknown; did you mean braincl\? Known: .*joint"),
        ({"network": "vgg"}, r"network='vgg' is unknown\. Known: .*resnet8"),
        ({"budget_policy": "greedy"}, r"budget_policy='greedy' .* Known: open_ended, planned"),
        (
            {"evaluators": ["f1"]},
            r"evaluators='f1' is unknown.* Known: accuracy, balance, before_sleep",
        ),
    ],
)
def test_a_part_that_there_is_not_is_refused_with_those_there_are(changes, message):
    with pytest.raises(ValueError, match=message):
        from_mapping(changes)


def test_the_budget_that_the_message_asks_for_is_enough(make_method):
    def shapes(budget: int):
        method = make_method(budget_bytes=budget)
        return jax.eval_shape(lambda key: init_brain(method, key), jax.random.key(0))

    with pytest.raises(ValueError, match=r"Raise it .* to at least") as error:
        shapes(500)
    enough = int(str(error.value).split("to at least ")[1].split(" bytes")[0])
    shapes(enough)
    with pytest.raises(ValueError, match=f"budget_bytes={enough - 1} is too small"):
        shapes(enough - 1)


def test_an_unknown_dataset_is_refused():
    with pytest.raises(ValueError, match="unknown source 'nowhere'"):
        load_source("nowhere:x")


def test_more_devices_than_there_are_are_refused_before_anything_is_written(
    tiny_config, tiny_stream, tmp_path
):
    config = dataclasses.replace(tiny_config, num_devices=5)
    with pytest.raises(ValueError, match=r"num_devices=5, but this process has 4"):
        run_sequence(config, tiny_stream, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@functools.cache
def attributes_read() -> set[str]:
    """`.name` wherever the package or the launcher reads it, but for the schema itself."""
    files = [*ROOT.rglob("*.py"), *(ROOT.parent / "experiments").glob("*.py")]
    return {
        node.attr
        for path in files
        if path.name != "config.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


@pytest.mark.parametrize("name", [*fields_of(Config), *fields_of_parts()])
def test_every_key_is_read_outside_the_schema(name):
    assert name.rpartition(".")[2] in attributes_read()


def test_the_list_of_keys_reaches_into_every_section():
    names = fields_of(Config)
    assert {"method", "codec.steps", "wake.epochs", "sleep.sampler"} <= set(names)
    assert {"network: resnet8.width", "sleep.augmentation: crop_flip_noise.flip"} <= set(
        fields_of_parts()
    )


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        (
            {"first_task_classes": 5, "classes_of_tasks": (5, 5)},
            r"protocol\.first_task_classes=5 .* protocol\.classes_of_tasks=\(5, 5\)",
        ),
        (
            {"first_task_classes": 5, "incremental": "domains"},
            r"protocol\.first_task_classes=5 is impossible where protocol\.incremental=domains",
        ),
        (
            {"classes_of_tasks": (5, 5), "incremental": "domains"},
            r"protocol\.classes_of_tasks=\(5, 5\) is impossible where",
        ),
    ],
)
def test_settings_of_a_protocol_that_contradict_each_other_are_refused(protocol, message):
    with pytest.raises(ValueError, match=message):
        from_mapping({"protocol": protocol})
