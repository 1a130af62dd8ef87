"""Devices: the only file that knows how a step is compiled and spread over them."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.config import Config
from braincl_jax.runtime.processes import require_same_everywhere
from braincl_jax.types import Array, Incoming, PyTree

AXIS = "devices"


class Devices:
    """D devices, equally many of each process, that hold the same state and share every batch.

    Every process runs the same steps in the same order, and hands in only its own rows of a batch.
    """

    def __init__(self, num_devices: int = 0) -> None:
        """Takes the first `num_devices` devices, equally many of each process; all for 0.

        Raises:
            ValueError: there are fewer, or the processes cannot give equally many.
        """
        # Process by process: then the rows of one process lie side by side in the batch.
        available = [jax.local_devices(process_index=i) for i in range(jax.process_count())]
        counts = [len(devices) for devices in available]
        each = (num_devices or sum(counts)) / len(counts)
        if each not in range(1, min(counts) + 1):
            there = (
                f"this process has {counts[0]}"
                if len(counts) == 1
                else f"the processes have {counts} and must take part with equally many"
            )
            raise ValueError(
                f"num_devices={num_devices}, but {there} ({available[0][0].platform}); 0 takes all of them"
            )
        self._num_own = int(each)
        self._devices = [device for devices in available for device in devices[: self._num_own]]
        self._own = available[jax.process_index()][: self._num_own]

    def __len__(self) -> int:
        return len(self._devices)

    @property
    def description(self) -> str:
        processes = f" in {jax.process_count()} processes" if jax.process_count() > 1 else ""
        return f"{len(self)} x {self._devices[0].device_kind}{processes}"

    def peak_bytes(self) -> int | None:
        """The most that was in use, since the process began, of the memory of one of its devices.

        None where the backend does not say, as on a CPU.
        """
        stats = [device.memory_stats() or {} for device in self._own]
        return max(
            (one["peak_bytes_in_use"] for one in stats if "peak_bytes_in_use" in one), default=None
        )

    @property
    def part(self) -> tuple[int, int]:
        """(i, n): of every batch, this process hands in part i of n equal ones."""
        return jax.process_index(), jax.process_count()

    def init(self, init: Callable[[Array], PyTree], key: Array) -> PyTree:
        """The same fresh state on every device; `key` is the same in every process."""
        keys = jnp.broadcast_to(key, (self._num_own,))
        return jax.pmap(init, axis_name=AXIS, devices=self._devices)(keys)

    def replicate(self, state: PyTree) -> PyTree:
        """One device's state, as `fetch` gives it, on every device; each leaf gets buffers of its own."""

        def copy(state: PyTree, device: Array) -> PyTree:
            del device
            return jax.tree.map(jnp.copy, state)

        mapped = jax.pmap(copy, axis_name=AXIS, in_axes=(None, 0), devices=self._devices)
        return mapped(state, np.arange(self._num_own))

    def fetch(self, state: PyTree) -> PyTree:
        """The first device's copy in host memory, safe from donation; compiles nothing, unlike `first`."""

        def one(leaf: Array) -> Any:
            if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
                data = one(jax.random.key_data(leaf))
                return jax.random.wrap_key_data(data, impl=jax.random.key_impl(leaf))
            return np.array(leaf.addressable_shards[0].data)[0]

        return jax.tree.map(one, state)

    def map_step(self, step: Callable[..., Any]) -> Callable[[Any, Incoming], Any]:
        """`step(state, batch, axis_name=...)`, such as a phase, compiled for all devices; the state is donated."""
        mapped = functools.partial(step, axis_name=AXIS)
        mapped = jax.pmap(mapped, axis_name=AXIS, devices=self._devices, donate_argnums=0)
        return lambda state, batch: self._in_turn(mapped(state, self._shard(batch)))

    def map_reader(self, function: Callable[..., PyTree]) -> Callable[..., PyTree]:
        """Like `map_step` for a function that leaves the state as it is and returns what all devices agree on.

        It comes as NumPy arrays: to cut it out on the devices would take a program for each of its shapes.
        """
        mapped = functools.partial(function, axis_name=AXIS)
        mapped = jax.pmap(mapped, axis_name=AXIS, devices=self._devices)
        return lambda state, batch: self.fetch(self._in_turn(mapped(state, self._shard(batch))))

    def first(self, tree: PyTree) -> PyTree:
        """The copy of this process's first device."""
        # `leaf[0]` would be a computation in which all devices take part.
        return jax.tree.map(lambda leaf: leaf.addressable_shards[0].data[0], tree)

    def _in_turn(self, output: PyTree) -> PyTree:
        """On CPU, waits for the output.

        Virtual CPU devices share one small pool of threads, and a collective blocks its thread until all devices
        have arrived. With several steps in flight the pool runs dry and XLA aborts the process.
        """
        if self._devices[0].platform == "cpu":
            jax.block_until_ready(output)
        return output

    def _shard(self, batch: Incoming) -> Incoming:
        """Own rows [B / n, ...] -> [D / n, B / D, ...]; the batch sizes were checked when the run was set up."""

        def one(leaf: Array) -> np.ndarray:
            return np.reshape(leaf, (self._num_own, -1, *leaf.shape[1:]))

        return jax.tree.map(one, batch)


def take_devices(config: Config, what: str) -> Devices:
    """The devices that `config` asks for, once all processes agree on what they are to do.

    Args:
        config: the settings.
        what: is to be done, in words.

    Raises:
        ValueError: there are fewer devices, batches cannot be shared evenly, or processes differ.
    """
    require_same_everywhere(what)
    devices = Devices(config.num_devices)
    require_even_batches(config, len(devices))
    return devices


def require_even_batches(config: Config, num_devices: int) -> None:
    """Raises ValueError for a batch that `num_devices` devices cannot share evenly, or not in equal parts."""
    batches = {
        "codec.batch_size": config.codec.batch_size,
        "wake.batch_size": config.wake.batch_size,
        "sleep.num_groups": config.sleep.num_groups,
        "eval_batch_size": config.eval_batch_size,
    }
    for name, value in batches.items():
        if value % num_devices:
            fewer = next(
                n for n in range(num_devices, 0, -1) if math.gcd(*batches.values()) % n == 0
            )
            raise ValueError(
                f"{name}={value} must be a multiple of the {num_devices} devices in use; num_devices={fewer} takes all "
                "batches as they are"
            )
    groups = config.sleep.num_groups // num_devices
    if groups % config.sleep.accumulate:
        raise ValueError(
            f"sleep.accumulate={config.sleep.accumulate} must divide the {groups} groups of each device: "
            f"sleep.num_groups={config.sleep.num_groups} on {num_devices} devices"
        )
