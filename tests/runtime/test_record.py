"""What is recorded of a run: it comes back, and what differs is told line by line."""

import dataclasses
import json
import tempfile
from pathlib import Path

import pytest

from braincl_jax.config import Config
from braincl_jax.plan import resolve
from braincl_jax.runtime.log import write_sealed
from braincl_jax.runtime.record import FORMAT, Record, differences, read_record
from braincl_jax.types import StreamSpec

SPEC = StreamSpec.of_equal_tasks((8, 8, 1), num_classes=4, task_sizes=(6, 6))
CONFIG = Config(num_tasks=2, network="resnet8(width=4)")
RECORD = Record(CONFIG, resolve(CONFIG, SPEC, (3, 1, 0, 2)), "data")


def changed(**changes) -> dict:
    config = dataclasses.replace(CONFIG, **changes)
    return Record(config, resolve(config, SPEC, (3, 1, 0, 2)), "data").to_mapping()


def marked(**content) -> str:
    return sealed({"format": FORMAT, **content})


def sealed(content: dict) -> str:
    with tempfile.TemporaryDirectory() as folder:
        write_sealed(Path(folder) / "a", content)
        return (Path(folder) / "a").read_text()


def test_a_record_comes_back_from_its_file(tmp_path):
    path = tmp_path / "config.json"
    write_sealed(path, RECORD.to_mapping())
    assert read_record(path) == RECORD


def test_a_record_imports_its_plugins(plugin, tmp_path):
    name = plugin(
        "from braincl_jax.methods import Finetune\n"
        "from braincl_jax.registry import METHODS\n"
        "METHODS.register('mine')(Finetune)\n"
    )
    mapping = RECORD.to_mapping()
    mapping["settings"] |= {"plugins": [name], "method": "mine"}
    path = tmp_path / "config.json"
    write_sealed(path, mapping)
    assert read_record(path).config.method == "mine"


def test_what_was_written_is_what_is_compared():
    # A journey through JSON makes lists of tuples.
    assert RECORD.to_mapping() == json.loads(json.dumps(RECORD.to_mapping()))
    assert RECORD.to_mapping()["plan"]["spec"]["task_sizes"] == [6, 6]
    assert RECORD.to_mapping()["settings"]["network"] == "resnet8(width=4, dtype='float32')"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is missing: .* holds no run"),
        ("not JSON", r"config\.json cannot be read as JSON"),
        ("[]", r"config\.json is not what a run wrote there"),
        ("{}", r"config\.json is not what a run wrote there"),
        (sealed({}), "its format is not 'braincl_jax run 2'"),
        (marked(), "is not the record of a run: 'settings'"),
        (marked(settings={}, plan={}), "is not the record of a run: 'spec'"),
        (marked(settings=3, plan={}), "is not the record of a run"),
        (marked(settings={"seeed": 3}), r"unknown setting seeed=3; did you mean seed\?"),
    ],
)
def test_what_is_no_record_is_refused(content, message, tmp_path):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_record(tmp_path / "config.json")


def test_the_same_run_differs_in_nothing_and_devices_and_figures_are_free():
    there = RECORD.to_mapping()
    assert differences(there, RECORD.to_mapping()) == []
    there["settings"]["figures"] = ["curves"]
    assert differences(there, changed(num_devices=3)) == []


def test_differences_are_told_by_name_with_both_values():
    wake = dataclasses.replace(CONFIG.wake, epochs=3)
    there, here = RECORD.to_mapping(), changed(seed=5, wake=wake, bytes_per_class=100)
    assert differences(there, here) == [
        "  plan.budget_bytes: 392000 there, 400 here",
        "  plan.latent_channels: 16 there, 4 here",
        *("  bytes_per_class: 0 there, 100 here", "  seed: 0 there, 5 here"),
        "  wake.epochs: 4 there, 3 here",
    ]


def test_a_plugin_that_has_changed_is_a_difference():
    there = RECORD.to_mapping()
    there["plan"]["plugins"] = {"mine": "abc"}
    assert differences(there, RECORD.to_mapping()) == [
        "  plan.plugins.mine: 'abc' there, 'absent' here"
    ]


def test_the_digest_is_of_all_that_may_not_differ():
    def digest(data: str = "data", **changes) -> str:
        config = dataclasses.replace(CONFIG, **changes)
        return Record(config, resolve(config, SPEC, (3, 1, 0, 2)), data).digest

    free = {"num_devices": 2, "figures": ("memory_bill",), "dataset": "npz:elsewhere.npz"}
    assert digest(**free) == RECORD.digest == digest()
    assert len({digest(), digest(seed=1), digest(method="joint"), digest(data="others")}) == 4


def test_other_data_are_a_difference_in_a_word():
    (line,) = differences(RECORD.to_mapping(), dataclasses.replace(RECORD, data="b").to_mapping())
    assert line == "  data: other images or labels than those that it began with"
