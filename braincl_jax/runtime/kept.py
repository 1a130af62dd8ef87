"""What a fork keeps of the run from which it begins: tasks, images, and how cues are read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from braincl_jax.config import flat
from braincl_jax.memory.header import STRUCTURE
from braincl_jax.runtime.record import Record

# A policy settles, before anything is stored, how the index counts the words of a string.
OF_WHOLE_RUNS = ("seed", "budget_policy", "max_flops", "max_examples")
MOST_SHOWN = 80  # characters of a value in an error


def require_kept(stored: Mapping[str, Any], record: Record, origin: Path) -> None:
    """Sees that stored cues stand for the same classes and are read as they were written, with the same images to come.

    Args:
        stored: the record of the run from which a fork begins.
        record: of the fork.
        origin: the work directory of the former, for errors.

    Raises:
        ValueError: something of that differs.
    """

    def kept(record: Mapping[str, Any]) -> dict[str, Any]:
        codec = {name: record["settings"]["codec"][name] for name in STRUCTURE}
        return {
            **{name: record["settings"][name] for name in OF_WHOLE_RUNS},
            "data": record["data"],
            **flat({"plan": {name: record["plan"][name] for name in ("spec", "class_order")}}),
            **flat({"codec": codec}),
        }

    there, here = kept(stored), kept(record.to_mapping())
    for name in sorted(there.keys() | here.keys()):
        old, new = there.get(name, "absent"), here.get(name, "absent")
        if old != new:
            raise ValueError(
                f"--fork_from={origin} has {name} {_cut(old)} there, {_cut(new)} here: a fork must keep seed, dataset, "
                "num_tasks, classes_per_task, class_order_seed, protocol, image_side, resize_side, decoder, "
                "validation_fraction, budget_policy, max_flops and max_examples (they share out a run as a whole), and "
                f"of the codec {', '.join(STRUCTURE)}"
            )


def _cut(value: Any) -> str:
    text = str(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."
