"""How well a byte budget is kept and spent: `python -m experiments.benchmarks.budget --results=FILE.json`.

For several budgets, data sets and policies, and no other setting changed, all tasks are encoded and transferred; sleep
is cut short, since it takes no memory. Prints what the memory weighs after every task, and the recall in the end.
"""

import json
import math
import runpy
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from absl import app, flags

from braincl_jax.build import build_stream
from braincl_jax.config import from_mapping
from braincl_jax.report.tables import markdown_table
from braincl_jax.runtime.log import write_json
from experiments.provenance import current_commit, hardware

_CONFIGS = flags.DEFINE_multi_string(
    "config",
    ["experiments/configs/quickstart.py", "experiments/configs/cifar100_20.py"],
    "Config file of a data set; repeat the flag for more.",
)
_SHARES = flags.DEFINE_list("shares", ["5", "10", "20"], "Budgets, in % of the raw images.")
_POLICIES = flags.DEFINE_list("policies", ["planned", "open_ended"], "Values of budget_policy.")
_FLAGS = flags.DEFINE_multi_string(
    "set", [], "KEY=VALUE that a config needs, as CONFIG_NAME:KEY=VALUE."
)
_RESULTS = flags.DEFINE_string("results", None, "JSON file for the figures.")
SHORT_SLEEP = {"sleep.first_steps": 1, "sleep.steps": 1, "wake.epochs": 0}


def launch(config: str, settings: dict[str, Any], workdir: Path) -> dict[str, Any]:
    """Runs one configuration; its summary, and the bytes in use after each task."""
    arguments = [f"--config={config}", *(f"--config.{k}={v}" for k, v in settings.items())]
    command = [sys.executable, "-m", "experiments.launch", *arguments, f"--workdir={workdir}"]
    subprocess.run(command, check=True, capture_output=True)
    summary = json.loads((workdir / "summary.json").read_text())
    lines = map(json.loads, (workdir / "metrics.jsonl").read_text().splitlines())
    total = summary["memory_bytes"]["total"]
    used = [int(total - one["free_bytes"]) for one in lines if one["phase"] == "transfer"]
    keys = ("dataset", "budget_bytes", "raw_train_bytes", "num_cues", "num_train_images")
    return {key: summary[key] for key in (*keys, "recall_psnr_db", "memory_bytes")} | {
        "used_after_each_task": used,
        "command": shlex.join(["python", "-m", "experiments.launch", *arguments]),
    }


def raw_bytes(config: str, own: dict[str, str]) -> int:
    """Bytes of all training images of a configuration."""
    settings = runpy.run_path(config)["get_config"]()
    # Those of the networks, which have names with dots, do not matter here.
    settings.update({k: type(settings[k])(v) for k, v in own.items() if "." not in k})
    spec = build_stream(from_mapping(settings.to_dict())).spec
    return spec.num_images * math.prod(spec.image_shape)


def measure(config: str, share: int, policy: str, own: dict[str, str]) -> dict[str, Any]:
    """One row of the table: `share` is in % of the raw images."""
    budget = raw_bytes(config, own) * share // 100
    settings = SHORT_SLEEP | own | {"budget_policy": policy, "budget_bytes": budget}
    with tempfile.TemporaryDirectory() as folder:
        row = launch(config, settings, Path(folder) / "run")
    return row | {"policy": policy, "share_percent": share}


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: what was used of each budget."""
    header = ("data", "policy", "budget (bytes)", "% of raw", "used, % after each task")
    cells = [
        [
            Path(row["dataset"]).name,
            row["policy"],
            f"{row['budget_bytes']:,}",
            str(row["share_percent"]),
            " ".join(
                f"{100 * used / row['budget_bytes']:.1f}" for used in row["used_after_each_task"]
            ),
            f"{row['num_cues']:,} of {row['num_train_images']:,}",
            f"{row['recall_psnr_db']:.1f}",
        ]
        for row in rows
    ]
    return markdown_table((*header, "cues", "PSNR (dB)"), cells)


def main(argv: list[str]) -> None:
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {' '.join(argv[1:])}")
    made = {"commit": current_commit(), "hardware": hardware()}
    rows = []
    for config in _CONFIGS.value:
        own = dict(
            text.partition(":")[2].split("=", 1)
            for text in _FLAGS.value
            if text.partition(":")[0] == Path(config).stem
        )
        for share in map(int, _SHARES.value):
            for policy in _POLICIES.value:
                rows.append(measure(config, share, policy, own) | made)
                print(table(rows[-1:]), flush=True)
    print(table(rows))
    if _RESULTS.value:
        write_json(Path(_RESULTS.value), rows)


if __name__ == "__main__":
    app.run(main)
