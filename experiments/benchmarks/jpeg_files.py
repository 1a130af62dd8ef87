"""Learns JPEG files of ImageNet's shape, made of a few photographs: memory by their number, the bill, kills, waiting.

Command:   python -m experiments.benchmarks.jpeg_files --photographs=kodak --folder=/tmp/jpeg_files
Takes:     some 25 minutes of a CPU core, not measured as a whole; --parts does some of it, and files that are in
           --folder are not made twice.
Expect:    a cue for every image, a bill that is exact and within the budget, less than 4 GB whatever the number of
           files, nothing that differs after kills, and reading that is as fast as a plain loop, or nearly.

The classes are photographs in changed colours, which files are cut out of (see `photographs`). They are remembered at
256 pixels and seen at 224 by a small network, in two tasks, awake and asleep; the budget is the same for all numbers.
"""

import itertools
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from braincl_jax.runtime.checkpoint import numbered, read_arrays
from braincl_jax.runtime.log import write_json
from braincl_jax.runtime.timings import CHECKPOINT
from braincl_jax.runtime.workdir import CHECKPOINTS, MEMORY, SUMMARY, TIMINGS
from experiments.arguments import read_config
from experiments.benchmarks import footprint, harness, images, photographs, waiting
from experiments.benchmarks.launched import Interruption, Landing, Launched, disturb
from experiments.benchmarks.step_times import read_timings

PARTS = ("memory", "kill", "reading")
CLASSES, TESTED = 200, 5
SETTINGS: dict[str, Any] = {
    "resize_side": 256,
    "image_side": 256,
    "network_side": 224,
    "num_tasks": 2,
    "num_devices": 1,
    "budget_bytes": 32_000_000,
    "eval_batch_size": 64,
    "network": "resnet8_half(width=2)",
    # Others read all images once more.
    "evaluators": ("accuracy",),
    "codec.num_stages": 4,
    "codec.latent_channels": 4,
    "codec.width": 2,
    "codec.analysis_width": 2,
    "codec.first_steps": 40,
    "codec.steps": 10,
    "codec.batch_size": 16,
    "wake.epochs": 1,
    "sleep.steps": 10,
    "sleep.batch_size": 16,
    "sleep.num_groups": 4,
    "sleep.augmentation": "random_resized_crop(side=224)",
}
# So few and small that a test can do it.
SMOKE_CLASSES, SMOKE_IMAGES = 4, (16, 32)
SMOKE: dict[str, Any] = SETTINGS | {
    "resize_side": 24,
    "image_side": 24,
    "network_side": 16,
    "budget_bytes": 60_000,
    "eval_batch_size": 4,
    "codec.num_stages": 2,
    "codec.first_steps": 6,
    "codec.steps": 4,
    "codec.batch_size": 4,
    "wake.epochs": 1,
    "wake.batch_size": 4,
    "sleep.steps": 4,
    "sleep.batch_size": 4,
    "sleep.augmentation": "random_resized_crop(side=16)",
}
# Each is hit once, in one task or the other.
KILLED = (("encode", 0), ("memorise", 0), ("classify", 1), ("transfer", 1), ("replay", 1))
DELAY = 0.2  # seconds after a checkpoint of the phase has been begun
MOST_BYTES, MOST_RATIO = 4e9, 1.1
Steps = dict[tuple[str, int], range]


def data_sets(asked: Any, folder: Path) -> dict[int, Path]:
    """Number of images to train on -> the data set; those that are not in `folder` are made.

    They are made from the largest on: a smaller one is a part of it.
    """
    numbers = set(asked.images if {"memory", "reading"} & set(asked.parts) else ())
    numbers |= {asked.killed} if "kill" in asked.parts else set()
    classes = SMOKE_CLASSES if asked.smoke else CLASSES
    for number in sorted(numbers, reverse=True):
        tree, making = folder / f"files-{number}", folder / f"making-{number}"
        if tree.exists():
            continue
        each = {"train": number // classes, "val": TESTED}
        there = [(int(one.name.split("-")[1]), one) for one in folder.glob("files-*")]
        if larger := [one for held, one in there if held > number]:
            photographs.link_part(larger[0], making, each)
        else:
            photographs.write_tree(asked.photographs, making, classes=classes, per_class=each)
        making.rename(tree)
    return {number: folder / f"files-{number}" for number in numbers}


def flags_of(asked: Any, tree: Path) -> list[str]:
    """Of a run on a data set."""
    settings = (SMOKE if asked.smoke else SETTINGS) | {"dataset": f"folder:{tree}"}
    own = [f"--config.{name}={value}" for name, value in settings.items()]
    return [harness.QUICKSTART, *own, *asked.config]


def learned(flags: Sequence[str], folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    """What a run took and what its memory holds.

    Args:
        flags: of the run.
        folder: gets it; nothing that was compiled before is there.
        environment: variables for its process.
    """
    run, workdir = Launched(flags, folder, environment=environment), folder / "run"
    began = time.monotonic()
    process = run.start(workdir)
    most = footprint.peaks(process)
    write_json(folder / "peaks.json", most)
    if process.returncode:
        raise RuntimeError(run.output.read_text()[-2000:])
    minutes, summary = (time.monotonic() - began) / 60, json.loads((workdir / SUMMARY).read_text())
    return {
        "images": summary["num_train_images"],
        "cues": summary["num_cues"],
        "classes": len(summary["class_order"]),
        "peak_bytes": most,
        "state_bytes": footprint.brain_bytes(read_config(flags)),
        "budget_bytes": summary["budget_bytes"],
        "bill": summary["memory_bytes"],
        "counted_bytes": counted_bytes(workdir),
        "final_accuracy": summary["final_accuracy"],
        "minutes": round(minutes, 1),
        "seconds": summary["wall_seconds"],
    }


def counted_bytes(workdir: Path) -> dict[str, int]:
    """Bytes of long-term memory, array by array: of those in the last state, and of those in `memory.npz`."""
    state = read_arrays(numbered(workdir / CHECKPOINTS)[-1])
    in_state = {name: array for name, array in state.items() if "long_term" in name}
    with np.load(workdir / MEMORY) as stored:
        in_file = {name: stored[name] for name in stored if not name.startswith("header")}
    return {
        "state": sum(array.nbytes for array in in_state.values()),
        "file": sum(array.nbytes for array in in_file.values()),
    }


def faults(runs: Sequence[dict[str, Any]]) -> list[str]:
    """What of the runs is not as expected, in words."""
    found = []
    for run in runs:
        which, bill = f"{run['images']} images", run["bill"]
        rows = sum(bytes_ for name, bytes_ in bill.items() if name != "total")
        if run["cues"] != run["images"]:
            found.append(f"{which}: {run['cues']} cues")
        if {rows, *run["counted_bytes"].values()} != {bill["total"]}:
            found.append(f"{which}: a bill of {bill}, and {run['counted_bytes']} were counted")
        if bill["total"] > run["budget_bytes"]:
            found.append(f"{which}: {bill['total']} bytes are more than {run['budget_bytes']}")
        if run["peak_bytes"]["all"] >= MOST_BYTES:
            found.append(f"{which}: {run['peak_bytes']['all']} bytes in use")
    for kind in footprint.KINDS:
        peaks = [run["peak_bytes"][kind] for run in runs]
        if max(peaks) > MOST_RATIO * min(peaks):
            found.append(f"{kind} memory is not the same: {peaks}")
    return found


def steps_of(workdir: Path) -> Steps:
    """(phase, task) -> its steps, as the run counts them; of one that was never interrupted."""
    (process,) = read_timings(workdir / TIMINGS)
    lines = [line for line in process.lines if line["phase"] != CHECKPOINT]
    found, done = {}, 0
    for place, group in itertools.groupby(lines, lambda line: (line["phase"], line["task"])):
        number = sum(line["steps"] for line in group)
        found[place], done = range(done, done + number), done + number
    return found


def places(steps: Steps) -> list[Interruption]:
    """A kill in the middle of each of `KILLED`."""
    middles = [steps[place][len(steps[place]) // 2] for place in KILLED]
    return [Interruption(step, DELAY, signal.SIGKILL, checkpoint_steps=1) for step in middles]


def phases_hit(landings: Sequence[Landing], steps: Steps) -> list[str]:
    """The phase in which each kill came, by the newest checkpoint that had been begun."""
    newest = [max(landing.steps, landing.saving) for landing in landings]
    return [
        next((f"{phase} of task {task}" for (phase, task), r in steps.items() if one in r), "end")
        for one in newest
    ]


def killed(flags: Sequence[str], folder: Path) -> dict[str, Any]:
    """A run left alone and one that is killed in each phase, compared when both have ended.

    Programs are hardly optimised: that shortens what each start compiles.
    """
    quick = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    run, alone = Launched(flags, folder, environment=quick), folder / "alone"
    landings, different = disturb(run, folder, lambda _: places(steps_of(alone)))
    files_differ = (alone / MEMORY).read_bytes() != (folder / "interrupted" / MEMORY).read_bytes()
    return {
        "images": json.loads((alone / SUMMARY).read_text())["num_train_images"],
        "kills": phases_hit(landings, steps_of(alone)),
        "differences": different + [MEMORY] * files_differ,
        "landings": [landing._asdict() for landing in landings],
    }


def read(flags: Sequence[str], tree: Path, rounds: int, steps: int) -> dict[str, Any]:
    """Images a second of a core by decoder, ours beside a plain loop, and what steps wait for their batches."""
    return {
        "images_by_cpu_second": images.by_core(tree, rounds),
        "phases": waiting.waits(read_config(flags), steps),
    }


def tell(found: dict[str, Any]) -> None:
    """Prints tables of what was measured."""
    if runs := found.get("runs"):
        kinds = list(footprint.KINDS)
        header = (
            "images",
            "cues",
            "bill",
            "state",
            *(f"peak, {kind}" for kind in kinds),
            "minutes",
        )
        rows = [
            [
                *(run["images"], run["cues"], run["bill"]["total"], run["state_bytes"]),
                *(run["peak_bytes"][kind] for kind in kinds),
                run["minutes"],
            ]
            for run in runs
        ]
        harness.show(header, rows)
    if kill := found.get("killed"):
        harness.show(["", ""], [[name, str(kill[name])] for name in kill if name != "landings"])
    if reading := found.get("reading"):
        images.report_by_core(reading["images_by_cpu_second"])
        phases = reading["phases"]
        header = ("phase", *phases[waiting.PHASES[0]])
        harness.show(header, [[name, *phases[name].values()] for name in phases])
    for fault in found["faults"]:
        print(f"not as expected: {fault}")


def measure(asked: Any, trees: dict[int, Path], folder: Path) -> dict[str, Any]:
    """All parts that are asked for; what is measured is published as it comes.

    Args:
        asked: the flags.
        trees: from `data_sets`.
        folder: gets the runs, `run-NUMBER` and `killed-NUMBER`.

    Raises:
        FileExistsError: a run is there already.
    """
    found: dict[str, Any] = {"faults": []}
    quick = harness.environment(asked, 1)
    if "memory" in asked.parts:
        found["runs"] = []
        for number in asked.images:
            place = folder / f"run-{number}"
            place.mkdir()
            found["runs"].append(learned(flags_of(asked, trees[number]), place, quick))
            found["faults"] = faults(found["runs"])
            harness.publish(asked, found)
    if "kill" in asked.parts:
        place = folder / f"killed-{asked.killed}"
        place.mkdir()
        found["killed"] = killed(flags_of(asked, trees[asked.killed]), place)
        found["faults"] += [f"after kills: {one}" for one in found["killed"]["differences"]]
        harness.publish(asked, found)
    if "reading" in asked.parts:
        tree = trees[max(asked.images)]
        found["reading"] = read(flags_of(asked, tree), tree, asked.rounds, asked.steps)
    return found


def command_line() -> harness.CommandLine:
    line = harness.CommandLine("jpeg_files", __doc__)
    line.add_argument("--photographs", type=Path, help="folder of PNG files")
    line.add_argument("--folder", help="keeps the files that are made, and the runs")
    line.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what is done")
    line.add_argument("--images", type=int, nargs="+", default=[20_000, 40_000], help="to train on")
    line.add_argument("--killed", type=int, default=400, help="images of the run that is killed")
    line.add_argument("--rounds", type=int, default=3, help="of reading")
    line.add_argument(
        "--steps", type=int, default=12, help="of a phase, for which waiting is timed"
    )
    return line


def main(arguments: Sequence[str] | None = None) -> int:
    line = command_line()
    asked = line.read(arguments)
    if asked.smoke:
        asked.images, asked.killed, asked.rounds, asked.steps = SMOKE_IMAGES, SMOKE_IMAGES[0], 1, 2
    elif asked.photographs is None:
        line.error("--photographs=FOLDER of PNG files is needed, such as those of the Kodak suite")
    with ExitStack() as stack:
        folder = Path(asked.folder or stack.enter_context(tempfile.TemporaryDirectory())).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if asked.photographs is None:
            asked.photographs = photographs.write_noise(folder / "photographs", SMOKE_CLASSES)
        found = measure(asked, data_sets(asked, folder), folder)
    tell(found)
    harness.publish(asked, found)
    return 1 if found["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
