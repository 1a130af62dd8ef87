"""Shows what a memory recalls: `braincl recall runs/quickstart-braincl-seed0 --slots=0-11`.

Reads WORKDIR/memory.npz, checks it, and writes a PNG: the original above, what is recalled below, with the bytes of
its string and the PSNR. Originals come from the data set of the run, where that is at hand.
"""

from pathlib import Path

import jax
import numpy as np
from absl import flags

from braincl_jax.build import build_stream
from braincl_jax.evaluators.metrics import psnr
from braincl_jax.memory import cue_strings
from braincl_jax.memory.block import store
from braincl_jax.memory.exchange import Imported, import_memory
from braincl_jax.memory.recall import recall_slots
from braincl_jax.report.recollections import Recollection, write_recollections
from braincl_jax.runtime.record import Record, read_record
from braincl_jax.runtime.workdir import CONFIG
from experiments import entry

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a finished run, if it is no argument.")
_SLOTS = flags.DEFINE_string(
    "slots", "0-11", "Slots of long-term memory: numbers and ranges, as in 0,5,100-107."
)
_OUT = flags.DEFINE_string("out", None, "PNG to write; WORKDIR/recall.png by default.")
_ORIGINALS = flags.DEFINE_bool("originals", True, "Show the original images beside the recalls.")


def parse_slots(text: str, number: int) -> list[int]:
    """'0,5,7-9' -> [0, 5, 7, 8, 9].

    Args:
        text: numbers and ranges.
        number: slots that there are.

    Raises:
        ValueError: not such a text, or a slot beyond the last.
    """
    slots: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise ValueError(f"slots={text!r}: {part!r} is neither a number nor a range like 3-7")
        slots += range(int(first), int(last if dash else first) + 1)
    beyond = [slot for slot in slots if slot >= number]
    if beyond or not slots:
        raise ValueError(
            f"slots={text!r}: the memory holds slots 0..{number - 1}"
            + (f", not {beyond[0]}" if beyond else "; the range is empty")
        )
    return slots


def recollect(
    imported: Imported, slots: list[int], originals: dict[int, np.ndarray]
) -> list[Recollection]:
    """What is recalled from each slot, its label, bytes and, where the original is known, PSNR."""
    entries = jax.device_get(store.read_entries(imported.memory, imported.format))
    tasks = np.asarray(store.slot_tasks(imported.memory, imported.format))

    @jax.jit
    def recall(memory, task, slot):
        return cue_strings.recall(memory, imported.format, task, slot, imported.codec)

    found = []
    for slot in slots:
        image = recall_slots(recall, imported.memory, int(tasks[slot]), np.array([slot]))[0]
        original = originals.get(slot)
        label = int(entries.label[slot])
        found.append(
            Recollection(
                slot=slot,
                label=label,
                original_class=imported.class_order[label],
                string_bytes=2 * int(entries.lengths[slot].sum()),
                recalled=image,
                original=original,
                psnr_db=None if original is None else float(psnr(original[None], image[None])[0]),
            )
        )
    return found


def load_originals(record: Record, workdir: Path, slots: list[int]) -> dict[int, np.ndarray]:
    """The training image behind each slot, from the run's data set."""
    stream = build_stream(record.config)
    sources = np.load(workdir / "sources.npy")
    originals = {}
    for slot in slots:
        task, image = sources[slot]
        originals[slot] = stream.train_images(int(task), np.array([image]))[0]
    return originals


def main(argv: list[str]) -> None:
    workdir = entry.one_folder(argv, _WORKDIR.value)
    # First: it imports the plugins that the codec may need.
    record = read_record(workdir / CONFIG)
    imported = import_memory(workdir / "memory.npz")
    slots = parse_slots(_SLOTS.value, int(imported.memory.task_counts.sum()))
    originals = load_originals(record, workdir, slots) if _ORIGINALS.value else {}
    found = recollect(imported, slots, originals)
    out = write_recollections(Path(_OUT.value or workdir / "recall.png"), found)
    print("  slot  label  class  bytes   PSNR")
    for one in found:
        quality = "    n/a" if one.psnr_db is None else f"{one.psnr_db:7.2f}"
        print(
            f"{one.slot:>6} {one.label:>6} {one.original_class:>6} {one.string_bytes:>6}{quality}"
        )
    print(f"\nthe memory is intact; images are in {out}")


if __name__ == "__main__":
    entry.run(main)
