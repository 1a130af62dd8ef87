"""Flags of a test's own, since those of a process are defined once; runs that share what is compiled."""

import dataclasses
import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from absl import flags

from braincl_jax.build import build_plan, build_stream
from braincl_jax.config import Config, ProtocolConfig
from braincl_jax.runtime import devices, finish
from braincl_jax.runtime.loop import run_sequence
from braincl_jax.runtime.saver import Saver
from experiments import packaged
from tests.runtime.remembering import Remembering


class Ended(NamedTuple):
    """What a run has left.

    Attributes:
        summary: it gave.
        log: the lines of `metrics.jsonl`.
    """

    summary: dict[str, Any]
    log: list[dict[str, Any]]


@pytest.fixture(scope="session")
def alike() -> tuple[str, ...]:
    """Flags by which all smoke forms of one number of images a class share what is compiled."""
    return (
        "--config.codec.learning_rate=0.001",
        "--config.sleep.warmup_fraction=0.1",
        "--config.sleep.weight_decay=0.0002",
        "--config.evaluators=('accuracy', 'before_sleep')",
    )


@pytest.fixture(scope="session")
def run_alike(tmp_path_factory) -> Callable[[Config], Ended]:
    """Runs a config without a report; runs that differ in their images alone share what is compiled."""
    shared: dict[object, Remembering] = {}

    def run(config: Config) -> Ended:
        stream = build_stream(config)
        plan = build_plan(config, stream)
        compiled_for = dataclasses.replace(
            config, dataset="", class_order_seed=0, protocol=ProtocolConfig()
        )
        key = (compiled_for, plan.spec, plan.latent_channels)
        known = shared.setdefault(key, Remembering(config.num_devices))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(devices, "Devices", lambda number: known)
            patch.setattr(finish, "publish_report", lambda *arguments: None)
            # Nothing interrupts it: it need not be saved between its stages.
            patch.setattr(Saver, "idle", False)
            workdir = tmp_path_factory.mktemp("alike") / "run"
            summary = run_sequence(config, stream, workdir)
        lines = (workdir / "metrics.jsonl").read_text().splitlines()
        return Ended(summary, [json.loads(line) for line in lines])

    return run


@pytest.fixture
def command_line(monkeypatch) -> Callable[..., list[str]]:
    """Makes the flags of a command afresh, with arguments; gives what the process would have as `sys.argv`."""

    def make(*arguments: str) -> list[str]:
        values = flags.FlagValues()
        monkeypatch.setattr(flags, "FLAGS", values)
        monkeypatch.setattr(sys, "argv", ["braincl", *arguments])
        # A config file is loaded as a module of this name, into the one that is there.
        monkeypatch.delitem(sys.modules, "config_config", raising=False)
        packaged.define_config("Experiment.")
        flags.DEFINE_string("workdir", None, "Where results go.", flag_values=values)
        flags.DEFINE_integer("keep", 2, "How many stay.", flag_values=values)
        return sys.argv

    return make
