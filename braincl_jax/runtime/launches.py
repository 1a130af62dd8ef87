"""`launches.jsonl`: who began a run, and who went on with it; one object for each process, none is ever taken back."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from braincl_jax.runtime.provenance import code_digest, current_commit, hardware
from braincl_jax.runtime.record import read_mapping
from braincl_jax.runtime.workdir import CONFIG, LAUNCHES


class Launch(NamedTuple):
    """A process that began a run or went on with it.

    Attributes:
        from_step: steps that the run had behind it.
        command: what repeats the run; empty where it was not a command that started it.
        commit: of the code, see `provenance.current_commit`.
        code: `provenance.code_digest`.
        hardware: the machine in words.
        device: the devices in words.
    """

    from_step: int
    command: str
    commit: str
    code: str
    hardware: str
    device: str

    @classmethod
    def of_this_process(cls, command: str, device: str, from_step: int) -> "Launch":
        """What this process is."""
        return cls(from_step, command, current_commit(), code_digest(), hardware(), device)


def note_launch(path: Path, launch: Launch) -> None:
    """Adds a line, also after one that was cut short."""
    cut = path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
    with path.open("a") as file:
        file.write("\n" * bool(cut) + json.dumps(launch._asdict()) + "\n")


def identity_of(workdir: Path) -> dict[str, Any]:
    """What a summary says of its run: what was run, by what code and where.

    Command, commit and hardware are of the process that began; `commits` are all that had a part in it, in order.
    """
    record, launches = read_mapping(workdir / CONFIG), read_launches(workdir / LAUNCHES)
    return {
        "settings": record["settings"],
        "data": record["data"],
        "command": launches[0].command,
        "commit": launches[0].commit,
        "commits": list(dict.fromkeys(launch.commit for launch in launches)),
        "hardware": launches[0].hardware,
    }


def read_launches(path: Path) -> list[Launch]:
    """All launches of a run, the first one first; lines that are none are passed over."""
    launches = []
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            launches.append(Launch(**json.loads(line)))
        except (TypeError, ValueError):  # the process was killed amid the line
            continue
    return launches
