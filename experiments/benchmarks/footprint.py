"""What a run takes of memory: the most that its process has, and what the arrays of its state weigh."""

import subprocess
import time
from pathlib import Path

import jax

from braincl_jax.build import build_method, build_stream, init_brain
from braincl_jax.config import Config
from braincl_jax.memory.budget import tree_bytes

# What Linux calls them. Pages of mapped files count as memory of a process, but may be taken back at any time.
KINDS = {"all": "VmRSS", "anonymous": "RssAnon", "mapped files": "RssFile"}
# Seconds from one look to the next.
EVERY = 0.05


def peaks(process: subprocess.Popen) -> dict[str, int]:
    """The most bytes of a process by kind, from looking at it twenty times a second until it ends."""
    most = dict.fromkeys(KINDS, 0)
    while process.poll() is None:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        found = dict(line.split(":", 1) for line in lines)
        for kind, name in KINDS.items():
            # A process that is ending has no memory any more.
            most[kind] = max(most[kind], int(found.get(name, "0").split()[0]) * 1024)
        time.sleep(EVERY)
    return most


def brain_bytes(config: Config) -> int:
    """Bytes of all arrays of the brain of such a run."""
    method = build_method(config, build_stream(config).spec)
    return tree_bytes(jax.eval_shape(lambda key: init_brain(method, key), jax.random.key(0)))
