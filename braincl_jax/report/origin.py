"""The sections of a page that say how a run was made: its command, code, machine, seconds and settings."""

from collections.abc import Mapping
from typing import Any

from braincl_jax.report.summaries import Summary
from braincl_jax.report.tables import code, cut_table, left_out

MOST_STAGES, MOST_CHANGED, MOST_SETTINGS = 40, 60, 200


def origin_sections(summary: Summary) -> list[str]:
    """As Markdown blocks, of what the summary has.

    These are `command`, `commit`, `hardware`, `device`, `versions`, `wall_seconds`, `settings`, as nested as in
    `config.json`, and `changed_settings` ({name: {"value", "default"}}).
    """
    return [*_made(summary), *_seconds(summary), *_changed(summary), *_all_settings(summary)]


def _made(summary: Summary) -> list[str]:
    blocks = ["## How it was made"]
    if summary.get("command"):
        blocks.append(f"```bash\n{summary['command']}\n```")
    facts = {name: summary.get(name) for name in ("commit", "hardware", "device")}
    facts |= summary.get("versions") or {}
    rows = [[name, code(value)] for name, value in facts.items() if value]
    if rows:
        blocks.append(cut_table(["what", "which"], rows, MOST_STAGES))
    return blocks if len(blocks) > 1 else []


def _seconds(summary: Summary) -> list[str]:
    seconds = summary.get("wall_seconds") or {}
    total = sum(seconds.values())
    if not total:
        return []
    rows = [["**total**", f"{total:,.1f}", "100.0"]]
    rows += [[stage, f"{own:,.1f}", f"{100 * own / total:.1f}"] for stage, own in seconds.items()]
    return ["## Seconds", cut_table(["stage", "seconds", "%"], rows, MOST_STAGES)]


def _changed(summary: Summary) -> list[str]:
    changed = summary.get("changed_settings")
    if changed is None:
        return []
    if not changed:
        return ["## Settings", "All settings are the defaults."]
    rows = [[name, code(one["value"]), code(one["default"])] for name, one in changed.items()]
    table = cut_table(["setting", "value", "default"], rows, MOST_CHANGED)
    return ["## Settings that are not the defaults", table]


def _all_settings(summary: Summary) -> list[str]:
    lines = [f"* {name} {code(value)}" for name, value in _flat(summary.get("settings") or {})]
    if not lines:
        return []
    shown = "\n".join(lines[:MOST_SETTINGS]) + left_out(len(lines) - MOST_SETTINGS)
    return [f"<details>\n<summary>All settings</summary>\n\n{shown}\n\n</details>"]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """{"a": {"b": 1}} -> [("a.b", 1)]."""
    entries = []
    for name, value in settings.items():
        nested = isinstance(value, Mapping)
        entries += _flat(value, f"{prefix}{name}.") if nested else [(prefix + name, value)]
    return entries
