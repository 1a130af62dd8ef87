"""Processes: what has to be said before JAX starts, and which of them speaks for all."""

import os
import sys
import zlib

import jax
import numpy as np
from jax.experimental import multihost_utils

_VIRTUAL_DEVICES = "--xla_force_host_platform_device_count"
MOST_VIRTUAL_DEVICES = 8


def virtual_devices(cores: int) -> int:
    """Devices that a CPU with so many cores (1, 2, ...) pretends to be: two a core, at most eight.

    Always a power of two, so that batches can be shared.
    """
    return min(MOST_VIRTUAL_DEVICES, 2 ** (2 * cores).bit_length() // 2)


def use_virtual_devices(number: int | None = None) -> None:
    """Lets the CPU pretend to be `number` devices, by default as many as suit its cores; other platforms ignore it.

    What the user says of it in XLA_FLAGS holds instead. Has no effect once JAX has started.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if _VIRTUAL_DEVICES not in flags:
        number = number or virtual_devices(os.cpu_count() or 1)
        os.environ["XLA_FLAGS"] = f"{flags} {_VIRTUAL_DEVICES}={number}".strip()


def join_processes(
    coordinator: str | None = None, num_processes: int | None = None, process_id: int | None = None
) -> None:
    """Makes this process one of several that run the same program. Call it before JAX starts, in each of them.

    Without arguments the cluster is asked, which SLURM, Open MPI, Kubernetes and Cloud TPU allow.

    Args:
        coordinator: HOST:PORT of process 0, free there, and reached by all.
        num_processes: how many processes there are.
        process_id: which of them this one is, 0 .. num_processes - 1.

    Raises:
        ValueError: arguments are missing or impossible, or there is no cluster that knows them.
    """
    given = {"coordinator": coordinator, "num_processes": num_processes, "process_id": process_id}
    missing = [name for name, value in given.items() if value is None]
    if missing and len(missing) < len(given):
        raise ValueError(
            f"{' and '.join(missing)} missing: coordinator, num_processes and process_id go together"
        )
    if coordinator is not None and not coordinator.rpartition(":")[2].isdecimal():
        raise ValueError(f"coordinator={coordinator!r} must be HOST:PORT, such as 10.0.0.1:1234")
    if num_processes is not None and process_id is not None:
        if num_processes < 1:
            raise ValueError(f"num_processes={num_processes} must be at least 1")
        if not 0 <= process_id < num_processes:
            raise ValueError(f"process_id={process_id} must be in 0..{num_processes - 1}")
    try:
        jax.distributed.initialize(coordinator, num_processes, process_id)
    except ValueError as error:
        raise ValueError(
            f"the cluster does not say which processes there are ({error}); SLURM, Open MPI, Kubernetes and Cloud TPU "
            "do. Elsewhere give coordinator, num_processes and process_id"
        ) from error


def leads() -> bool:
    """Whether this is the process that writes and prints: the first, or the only one."""
    return jax.process_index() == 0


def say(text: str) -> None:
    """Tells the user, once for all processes, beside progress bars and away from results."""
    if leads():
        print(text, file=sys.stderr, flush=True)


def any_process(flag: bool) -> bool:
    """Whether `flag` is set in one of the processes; all of them must ask."""
    if jax.process_count() == 1:
        return flag
    return bool(multihost_utils.process_allgather(np.bool_(flag)).any())


def require_same_everywhere(what: str) -> None:
    """Checks that all processes say the same; if they do not, all of them fail, and none learns something else.

    Raises:
        ValueError: `what` differs between processes.
    """
    if jax.process_count() == 1:
        return
    sums = multihost_utils.process_allgather(np.uint32(zlib.crc32(what.encode())))
    if len(set(sums.tolist())) > 1:
        raise ValueError(f"processes differ in what they are to do; this one: {what}")
