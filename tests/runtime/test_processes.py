"""Several processes: they learn what one process learns, and only the first of them is heard."""

import dataclasses
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import pytest

from braincl_jax.config import to_mapping
from braincl_jax.runtime import processes
from braincl_jax.runtime.processes import (
    join_processes,
    leads,
    require_same_everywhere,
    use_virtual_devices,
    virtual_devices,
)

ROOT = Path(__file__).parents[2]
SECONDS, TOLERANCE = 300, 1e-4

# The launcher; what was learned is kept beside what the run itself writes. What it says goes into a file of its own:
# threads of the transport write to the process's streams whenever they like, amid lines.
CHILD = """
import sys
kept, said = sys.argv.pop(1), sys.argv.pop(1)
sys.stdout = sys.stderr = open(said, "w", buffering=1)

import jax, numpy
from braincl_jax.runtime import finish
from experiments import entry, launch

original = finish.summarise_run

def keeping(state, **arguments):
    state = state.replace(key=jax.random.key_data(state.key))
    leaves = jax.tree_util.tree_leaves_with_path(state)
    numpy.savez(kept, **{jax.tree_util.keystr(path): leaf for path, leaf in leaves})
    return original(state, **arguments)

finish.summarise_run = keeping
entry.run(launch.main)
"""
# It is imported by its name from the folder in which the processes run.
PLUGIN = """
from braincl_jax.networks.backbones import ResNetSettings
from braincl_jax.registry import BACKBONES

@BACKBONES.register("one_block")
class OneBlock(ResNetSettings):
    stage_sizes = (1,)
"""
CONFIG = """
from ml_collections import ConfigDict

def get_config():
    return ConfigDict({})
"""


class Ended(NamedTuple):
    """A process that came to its end.

    Attributes:
        state: NumPy arrays of its last state by path; empty if it did not get there.
        output: what it wrote to stdout and stderr.
        below: what libraries wrote past Python, such as what the transport says of itself.
        returncode: its exit status.
    """

    state: dict[str, np.ndarray]
    output: str
    below: str
    returncode: int

    def require_success(self) -> None:
        assert self.returncode == 0, self.output + self.below


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def settings(tiny_config, tiny_stream, tmp_path_factory) -> list[str]:
    """Flags of a run of the tiny configuration on the tiny images, from a file."""
    folder = tmp_path_factory.mktemp("settings")
    train, test = tiny_stream.train_images, tiny_stream.test_images
    train_sizes, test_sizes = tiny_stream.spec.task_sizes, tiny_stream.test_sizes
    np.savez(
        folder / "tiny.npz",
        x_train=np.concatenate([train(task, np.arange(n)) for task, n in enumerate(train_sizes)]),
        y_train=np.concatenate([tiny_stream.train_labels(task) for task in range(2)]),
        x_test=np.concatenate([test(task, np.arange(n)) for task, n in enumerate(test_sizes)]),
        y_test=np.concatenate([tiny_stream.test_labels(task) for task in range(2)]),
    )
    config = dataclasses.replace(
        tiny_config,
        num_devices=0,
        dataset=f"npz:{folder / 'tiny.npz'}",
        codec=dataclasses.replace(tiny_config.codec, num_stages=1, latent_channels=2),
    )
    mapping = to_mapping(config) | {"plugins": ("one_block",), "network": "one_block(width=4)"}
    (folder / "tiny.py").write_text(CONFIG.replace("{}", repr(mapping)))
    return [f"--config={folder / 'tiny.py'}"]


@pytest.fixture(scope="module")
def launch(tmp_path_factory):
    """Launches processes side by side, and waits for all of them; none outlives the call."""

    def run(flags: list[list[str]], devices: int) -> list[Ended]:
        folder = tmp_path_factory.mktemp("processes")
        (folder / "one_block.py").write_text(PLUGIN)
        environment = os.environ | {
            "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
            "XLA_FLAGS": re.sub(r"(device_count)=\d+", rf"\1={devices}", os.environ["XLA_FLAGS"]),
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        }
        running, ended = [], []
        try:
            for number, own in enumerate(flags):
                kept, said = folder / f"{number}.npz", folder / f"{number}.txt"
                with (folder / f"{number}.below.txt").open("w") as below:
                    command = [sys.executable, "-c", CHILD, str(kept), str(said), *own]
                    running.append(
                        subprocess.Popen(
                            command, cwd=folder, env=environment, stdout=below, stderr=below
                        )
                    )
            for number, process in enumerate(running):
                status = process.wait(SECONDS)
                kept, said = folder / f"{number}.npz", folder / f"{number}.txt"
                ended.append(
                    Ended(
                        dict(np.load(kept)) if kept.exists() else {},
                        said.read_text() if said.exists() else "",
                        (folder / f"{number}.below.txt").read_text(),
                        status,
                    )
                )
        finally:
            for process in running:
                process.kill()
                process.wait()
        return ended

    return run


@pytest.fixture(scope="module")
def alone(settings, launch, tmp_path_factory):
    """(what is left, results) of one process with four devices."""
    workdir = tmp_path_factory.mktemp("alone")
    (ended,) = launch([[*settings, f"--workdir={workdir}"]], 4)
    ended.require_success()
    return ended, workdir


@pytest.fixture(scope="module")
def together(settings, launch, tmp_path_factory):
    """(what is left of each, results of each) of two processes with two devices each."""
    workdirs = [tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")]
    common = [*settings, f"--coordinator=localhost:{free_port()}", "--num_processes=2"]
    flags = [
        [*common, f"--process_id={number}", f"--workdir={workdir}"]
        for number, workdir in enumerate(workdirs)
    ]
    ended = launch(flags, 2)
    for one in ended:
        one.require_success()
    return ended, workdirs


def test_all_processes_end_with_the_same_brain(together):
    (first, second), _ = together
    assert first.state.keys() == second.state.keys()
    for path, leaf in first.state.items():
        np.testing.assert_array_equal(leaf, second.state[path], err_msg=path)


def test_two_processes_learn_what_one_learns(alone, together):
    """Memory, counters and keys agree bit for bit; sums of four floats in another order do not."""
    (one, _), ((several, _), _) = alone, together
    assert one.state.keys() == several.state.keys()
    for path, leaf in one.state.items():
        if leaf.dtype == np.float32:
            error = np.linalg.norm(leaf - several.state[path])
            assert error <= TOLERANCE * max(np.linalg.norm(leaf), 1e-3), path
        else:
            np.testing.assert_array_equal(leaf, several.state[path], err_msg=path)
    assert one.state[".memory.long_term.task_counts"].tolist() == [48, 48]


def test_two_processes_pay_and_count_what_one_does(alone, together):
    one, several = (
        json.loads((workdir / "summary.json").read_text()) for workdir in (alone[1], together[1][0])
    )
    for key in ("memory_bytes", "num_cues", "examples_seen", "class_order", "test_sizes"):
        assert one[key] == several[key], key
    for key in ("examples", "updates", "flops"):
        assert one["compute"][key] == several["compute"][key], key
    assert one["recall_psnr_db"] == pytest.approx(several["recall_psnr_db"], abs=0.01)
    assert (one["device"], several["device"]) == ("4 x cpu", "4 x cpu in 2 processes")


def test_the_first_process_alone_writes_and_prints(alone, together):
    (first, second), (its_folder, other_folder) = together

    def written(folder: Path) -> set[str]:
        # Which checkpoints there are is a matter of how fast the disk was.
        names = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
        return {name for name in names if not name.startswith("checkpoints/")}

    assert written(its_folder) == written(alone[1])
    assert "summary.json" in written(its_folder)
    assert "96 of 96 training images are in memory" in first.output
    assert "task 1 replay" in first.output
    assert written(other_folder) == set()
    assert second.output == ""


def test_the_only_process_leads():
    assert leads()


def test_processes_that_differ_in_what_they_do_all_fail(monkeypatch):
    require_same_everywhere("alone, there is nobody to differ from")
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    for other, same in ((0, False), (None, True)):

        def gather(own, other=other):
            return np.array([own, own if other is None else other])

        monkeypatch.setattr(processes.multihost_utils, "process_allgather", gather)
        if same:
            require_same_everywhere("seed=1")
        else:
            with pytest.raises(ValueError, match=r"processes differ .* this one: seed=1"):
                require_same_everywhere("seed=1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("host:1", 2, None), "process_id missing: coordinator, num_processes and process_id go"),
        (("host:1", None, None), "num_processes and process_id missing"),
        ((None, 2, 0), "coordinator missing"),
        (("host", 2, 0), "coordinator='host' must be HOST:PORT"),
        (("host:", 2, 0), "coordinator='host:' must be HOST:PORT"),
        (("host:1", 0, 0), "num_processes=0 must be at least 1"),
        (("host:1", 2, 2), r"process_id=2 must be in 0\.\.1"),
        (("host:1", 2, -1), r"process_id=-1 must be in 0\.\.1"),
        ((None, None, None), "give coordinator, num_processes and process_id"),
    ],
)
def test_impossible_processes_are_refused(arguments, message, monkeypatch):
    def no_cluster(*arguments):
        assert arguments == (None, None, None), "what is impossible must not get this far"
        raise ValueError("coordinator_address should be defined.")

    monkeypatch.setattr(jax.distributed, "initialize", no_cluster)
    with pytest.raises(ValueError, match=message):
        join_processes(*arguments)


def test_a_cpu_pretends_to_be_a_few_devices_that_can_share_batches():
    assert [virtual_devices(cores) for cores in (1, 2, 3, 4, 7, 64)] == [2, 4, 4, 8, 8, 8]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "--xla_force_host_platform_device_count=4"),
        ("--a=1", "--a=1 --xla_force_host_platform_device_count=4"),
        (
            "--xla_force_host_platform_device_count=3 --a=1",
            "--xla_force_host_platform_device_count=3 --a=1",
        ),
    ],
)
def test_what_the_user_says_of_devices_holds(before, after, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.delenv("XLA_FLAGS")
    if before:
        monkeypatch.setenv("XLA_FLAGS", before)
    use_virtual_devices()
    assert os.environ["XLA_FLAGS"] == after
