"""What is recorded of a run, in `config.json` and in every checkpoint: its settings and what they came to."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from braincl_jax import config as settings
from braincl_jax import plan as plans
from braincl_jax.config import Config
from braincl_jax.plan import Plan

# Settings that may differ between two parts of one run.
FREE = ("settings.num_devices", "settings.figures")


@dataclasses.dataclass(frozen=True)
class Record:
    """Settings and plan of a run."""

    config: Config
    plan: Plan

    def to_mapping(self) -> dict[str, Any]:
        """As it is after a journey through JSON."""
        record = {
            "settings": settings.to_mapping(self.config),
            "plan": plans.to_mapping(self.plan),
        }
        return json.loads(json.dumps(record))


def read_record(path: Path) -> Record:
    """The record in a `config.json`; plugins are imported.

    Raises:
        ValueError: the file is not there or not such a record.
    """
    try:
        content = json.loads(path.read_text())
        return Record(
            settings.from_mapping(content["settings"]), plans.from_mapping(content["plan"])
        )
    except FileNotFoundError:
        raise ValueError(f"{path} is missing: {path.parent} holds no run") from None
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not the record of a run: {error}") from error


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """In which entries two records differ, beside those that may; a line each."""
    one, other = flat(there), flat(here)
    return [
        f"  {key.removeprefix('settings.')}: {one.get(key, 'absent')!r} there, {other.get(key, 'absent')!r} here"
        for key in sorted(one.keys() | other.keys())
        if one.get(key, "absent") != other.get(key, "absent") and key not in FREE
    ]


def flat(mapping: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} -> {"a.b": 1}."""
    entries = {}
    for key, value in mapping.items():
        nested = isinstance(value, Mapping)
        entries |= flat(value, f"{prefix}{key}.") if nested else {prefix + key: value}
    return entries
