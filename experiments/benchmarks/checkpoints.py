"""What a checkpoint costs: the time in which it keeps training from going on, and its bytes."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

from braincl_jax.build import build_stream
from braincl_jax.config import Config
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.runtime.checkpoint import DEFAULT, Writer
from braincl_jax.runtime.cursor import Cursor
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.interrupt import Stop
from braincl_jax.runtime.log import MetricsLog
from braincl_jax.runtime.saver import Saver
from braincl_jax.sleep import replay_step
from braincl_jax.state import BrainState, without_prefetched
from experiments.benchmarks.rate import Learned, learn


def timed(action: Callable[[], Any]) -> float:
    """Seconds."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


class Sleeper:
    """A brain with a full memory that replays, and saves itself on demand as a run does."""

    def __init__(self, learned: Learned, writer: Writer, log: MetricsLog) -> None:
        config = learned.parts.config
        self.devices = Devices(config.num_devices)
        self.state = self.devices.init(lambda key: learned.state, jax.random.key(0))
        self.cursor = Cursor.first(config.num_tasks)
        self.cursor.outcome = self.cursor.outcome._replace(sources=learned.sources)
        self._writer, self._step = writer, self.devices.map_step(replay_step, learned.parts)
        self._saver = Saver(writer, DEFAULT, Stop(), config, self.devices, log, steps=0)

    def steps(self, number: int) -> None:
        """Replays, and waits for the last step."""
        for _ in range(number):
            self.state, _ = self._step(self.state, None)
        jax.block_until_ready(self.state)
        self.cursor.steps += number

    def save(self) -> None:
        """Returns when training could go on."""
        self._saver.save(self.state, self.cursor)

    def wait(self) -> None:
        """Returns when nothing is being written."""
        self._writer.wait()


def one_round(sleeper: Sleeper, steps: int) -> dict[str, float]:
    """Seconds of replay without a checkpoint, of a checkpoint alone, and of replay that begins with one."""

    def save_and_steps() -> None:
        sleeper.save()
        sleeper.steps(steps)

    figures = {"plain": timed(lambda: sleeper.steps(steps)) / steps}
    figures |= {"blocking": timed(sleeper.save), "writing": timed(sleeper.wait)}
    sleeper.steps(1)  # a step is saved only once
    figures["saved"] = timed(save_and_steps)
    sleeper.wait()
    return figures | {"delay": figures["saved"] - steps * figures["plain"]}


def state_bytes(state: BrainState) -> dict[str, int]:
    """Bytes of one device's state by part, without what has been prefetched: checkpoints leave it out."""
    state = without_prefetched(state)
    return {
        "long_term_memory": tree_bytes(state.memory.long_term),
        "working_memory": tree_bytes(state.memory.working),
        "network_and_optimisers": tree_bytes(state.encoder),
        "total": tree_bytes(jax.eval_shape(lambda: jax.tree.map(_numbers, state))),
    }


def _numbers(leaf: jax.Array) -> jax.Array:
    is_key = jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return jax.random.key_data(leaf) if is_key else leaf


def disk_bytes(checkpoint: Path) -> dict[str, int]:
    """Bytes of the files of a checkpoint, those of the state together."""
    sizes = {path: path.stat().st_size for path in checkpoint.rglob("*") if path.is_file()}
    own = {path.name: size for path, size in sizes.items() if path.parent == checkpoint}
    return own | {"state": sum(sizes.values()) - sum(own.values()), "total": sum(sizes.values())}


def checkpoint_costs(config: Config, rounds: int, steps: int) -> dict[str, Any]:
    """Times and bytes with a memory that is full, as at the end of a sequence.

    Args:
        config: the settings.
        rounds: of measuring; medians are over rounds.
        steps: replay steps with and without a checkpoint in each.
    """
    learned = learn(config, build_stream(config))
    with tempfile.TemporaryDirectory() as folder:
        workdir = Path(folder)
        log_path = workdir / "metrics.jsonl"
        with (
            MetricsLog(log_path) as log,
            Writer(
                workdir / "checkpoints", keep=DEFAULT.keep, log=log_path, resumed=None
            ) as writer,
        ):
            sleeper = Sleeper(learned, writer, log)
            measured = [one_round(sleeper, steps) for _ in range(rounds + 1)][1:]
            newest = writer.newest
            assert newest is not None
            on_disk = disk_bytes(newest)
    median = {name: statistics.median(one[name] for one in measured) for name in measured[0]}
    in_steps = statistics.median(one["blocking"] / one["plain"] for one in measured)
    return {
        "rounds": rounds,
        "steps_in_a_round": steps,
        "devices": len(sleeper.devices),
        "replay_step_ms": round(1e3 * median["plain"], 2),
        "blocking_ms": round(1e3 * median["blocking"], 2),
        "blocking_in_replay_steps": round(in_steps, 2),
        "background_write_ms": round(1e3 * median["writing"], 1),
        "replay_delayed_by_ms": round(1e3 * median["delay"], 1),
        "state_bytes": state_bytes(learned.state),
        "checkpoint_bytes": on_disk,
    }
