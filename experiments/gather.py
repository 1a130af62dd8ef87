"""Puts finished runs side by side: `braincl gather RUN [RUN ...] --out=FOLDER`.

For runs that were launched one by one, on several machines or by a scheduler. A RUN is the folder of a finished run, or
a JSON file of summaries, such as `results.json` of a comparison. NAME=RUN calls it by a name of yours, which tells
variants of one method apart; the others are called by their methods:

    braincl gather runs/joint-* runs/braincl-* 'no wake=runs/no_wake-seed0' --out=runs/gathered

What is written is what `braincl compare` writes: a table, paired differences between runs of equal seed, plots, and all
of it as one HTML page. Nothing is trained, and no run is changed.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from absl import flags

from braincl_jax.report.comparison import comparison_table, write_comparison
from braincl_jax.runtime import record
from braincl_jax.runtime.log import read_json, write_json
from braincl_jax.runtime.resume import finished_summary
from experiments import entry, plugins

_OUT = flags.DEFINE_string("out", "runs/gathered", "Folder for the pages; is created.")
flags.adopt_module_key_flags(plugins)

# Settings in which runs of one name may differ: conditions are told apart by a comparison, the others change no result.
MAY_DIFFER = {
    *("seed", "budget_bytes", "max_flops", "max_examples", "plugins", "evaluators"),
    *(name.removeprefix("settings.") for name in record.FREE),
}
# What a comparison reads of every run.
NEEDED = (
    *("method", "seed", "dataset", "num_tasks"),
    *("budget_bytes", "memory_bytes", "num_cues", "wall_seconds"),
)


def read_runs(text: str) -> list[dict[str, Any]]:
    """The summaries that RUN or NAME=RUN stands for, under that name if there is one.

    Raises:
        ValueError: there is no such folder or file, the run is not finished, or what is there is no summary.
    """
    name, path = _name_and_place(text)
    if path.is_dir():
        summary = finished_summary(path)
        if summary is None:
            raise ValueError(
                f"{path} is not the folder of a finished run; `braincl show {path}` says what it is"
            )
        found = [summary]
    elif path.is_file():
        content = read_json(path)
        found = content if isinstance(content, list) else [content]
        for number, summary in enumerate(found):
            _check_summary(path, number, summary)
    else:
        raise ValueError(
            f"{str(path)!r} is neither a folder nor a file: name runs, as in `braincl gather runs/*`"
        )
    return [summary | {"method": name} for summary in found] if name else found


def _name_and_place(text: str) -> tuple[str, Path]:
    """The name, or none, and the place; both may have a "=" in them: the first that leads somewhere parts them."""
    parts = text.split("=")
    splits = [("=".join(parts[:at]), Path("=".join(parts[at:]))) for at in range(len(parts))]
    there = [(name, path) for name, path in splits if path.exists()]
    return (there or splits[1:] or splits)[0]


def differing(summaries: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """By name, the settings in which its runs differ, but for `MAY_DIFFER`, as far as summaries tell them."""
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for summary in summaries:
        if summary.get("changed_settings") is not None:
            by_name.setdefault(summary["method"], []).append(summary["changed_settings"])
    found = {}
    for name, runs in by_name.items():
        settings = sorted(set().union(*runs) - MAY_DIFFER)
        differ = [key for key in settings if any(run.get(key) != runs[0].get(key) for run in runs)]
        if differ:
            found[name] = differ
    return found


def named_shortly(summaries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """`wa(temperature=2.0, clip=True)` is called `wa` where nothing else is; a name that somebody gave stays."""
    names = {summary["method"] for summary in summaries}
    bare = Counter(name.partition("(")[0] for name in names)

    def short(summary: dict[str, Any]) -> str:
        name, spelt = summary["method"], (summary.get("settings") or {}).get("method")
        own = name.partition("(")[0]
        return own if name == spelt and bare[own] == 1 else name

    return [summary | {"method": short(summary)} for summary in summaries]


def _check_summary(path: Path, number: int, summary: Any) -> None:
    missing = [
        key for key in NEEDED if not isinstance(summary, Mapping) or summary.get(key) is None
    ]
    if missing:
        raise ValueError(
            f"{path} holds no summaries of runs: number {number} in it has no {missing[0]!r}; "
            "name the folder of a run, or `results.json` of a comparison"
        )


def main(argv: list[str]) -> None:
    if len(argv) < 2:
        raise ValueError("name finished runs, as in `braincl gather runs/*`")
    plugins.imported()
    summaries = named_shortly([run for text in argv[1:] for run in read_runs(text)])
    page = write_comparison(Path(_OUT.value), summaries)
    for method, names in differing(summaries).items():
        print(
            f"braincl: warning: runs of {method} differ in {', '.join(names)}: NAME=RUN tells variants apart",
            file=sys.stderr,
        )
    results = page.parent / "results.json"
    write_json(results, summaries)
    print(f"{comparison_table(summaries)}\n\nfigures are in {results}, plots in {page}")
    print(f"all of it as one page: {page.with_suffix('.html')}")


if __name__ == "__main__":
    entry.run(main)
