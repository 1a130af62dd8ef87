"""What is recorded of a run, in `config.json` and in every checkpoint: what makes it this run and no other."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from braincl_jax import config as settings
from braincl_jax import plan as plans
from braincl_jax.config import Config, flat
from braincl_jax.plan import Plan
from braincl_jax.runtime.log import read_sealed

# Marks a folder as that of a run.
FORMAT = "braincl_jax run 2"
# What may differ between two parts of one run: the data set may lie elsewhere, since its content is compared.
FREE = ("settings.dataset", "settings.num_devices", "settings.figures")


@dataclasses.dataclass(frozen=True)
class Record:
    """The identity of a run.

    Attributes:
        config: its settings.
        plan: what they came to.
        data: `data.fingerprint` of its stream.
    """

    config: Config
    plan: Plan
    data: str

    def to_mapping(self) -> dict[str, Any]:
        """As it is after a journey through JSON."""
        record = {
            "format": FORMAT,
            "settings": settings.to_mapping(self.config),
            "plan": plans.to_mapping(self.plan),
            "data": self.data,
        }
        return json.loads(json.dumps(record))

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of all but what may differ: two runs with the same one have the same results."""
        fixed = {key: value for key, value in flat(self.to_mapping()).items() if key not in FREE}
        return hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()


def read_record(path: Path) -> Record:
    """The record in a `config.json`; plugins are imported.

    Raises:
        ValueError: the file is not there or not such a record.
    """
    content = read_mapping(path)
    try:
        return Record(
            settings.from_mapping(content["settings"]),
            plans.from_mapping(content["plan"]),
            content["data"],
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not the record of a run: {error}") from error


def read_mapping(path: Path) -> dict[str, Any]:
    """The content of a `config.json`, as `Record.to_mapping` made it.

    Raises:
        ValueError: the file is not there, or not the record of a run.
    """
    if not path.exists():
        raise ValueError(f"{path} is missing: {path.parent} holds no run")
    content = read_sealed(path)
    if content.get("format") != FORMAT:
        raise ValueError(f"{path} is not the record of a run: its format is not {FORMAT!r}")
    return content


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """In which entries two records differ, beside those that may; a line each."""
    one, other = flat(there), flat(here)
    lines = [
        f"  {key.removeprefix('settings.')}: {one.get(key, 'absent')!r} there, {other.get(key, 'absent')!r} here"
        for key in sorted(one.keys() | other.keys())
        if one.get(key, "absent") != other.get(key, "absent") and key not in (*FREE, "data")
    ]
    if one.get("data") != other.get("data"):
        lines.append("  data: other images or labels than those that it began with")
    return lines
