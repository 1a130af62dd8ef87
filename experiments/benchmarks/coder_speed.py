"""How fast strings are decoded inside jit, beside the package constriction.

Command:   python -m experiments.benchmarks.coder_speed --rounds=30
Takes:     about 3 minutes on 2 CPU cores.
Expect:    at least as many strings a second as constriction decodes one by one, though it has the easier task of
           letters without context.
"""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.memory import cue_strings
from braincl_jax.memory.coder import tables
from experiments.arguments import read_config
from experiments.benchmarks import harness
from experiments.benchmarks.learned import Learned, learn, stored_cues

# Strings that are decoded together, where there are so many.
BATCH = 1024


def speed(learned: Learned, rounds: int) -> dict[str, Any]:
    """Strings of the first task that are decoded in a second, jitted on one device and by constriction."""
    form, slots = learned.layout.format, jnp.asarray(learned.slots(0)[:BATCH])
    task = jnp.zeros(1, jnp.int32)
    read = jax.jit(lambda memory: cue_strings.read_cues(memory, form, task, slots[None]))
    table, cues = stored_cues(learned, 0)
    symbols = np.asarray(tables.to_symbols(table, jnp.asarray(cues[: len(slots)])))
    things = {"ours": lambda: read(learned.stored)} | constriction(symbols)
    measured = harness.in_turn(things, rounds)
    rates = {
        name: harness.median(measured, lambda one, name=name: len(slots) / one[name])
        for name in things
    }
    over = {
        name: harness.median(measured, lambda one, name=name: one[name] / one["ours"])
        for name in things
        if name != "ours"
    }
    return {"strings": len(slots), "strings_per_second": rates, "times_as_fast_as": over}


def constriction(symbols: np.ndarray) -> dict[str, Callable[[], Any]]:
    """The package constriction decoding the same letters int32 [n, h, w, M], a string each, if it is installed.

    Its task is the easier one: a table for each channel, of the letters' own frequencies, and no context.
    """
    try:
        stream: Any = vars(importlib.import_module("constriction"))["stream"]
    except ImportError:
        print("constriction is left out: pip install constriction brings it")
        return {}
    by_image = symbols.reshape(len(symbols), -1, symbols.shape[-1]).swapaxes(1, 2).astype(np.int32)
    # One more of each letter: the package asks for at least two.
    counts = [1.0 + np.bincount(one.ravel(), minlength=2) for one in by_image.swapaxes(0, 1)]
    models = [
        stream.model.Categorical(one / one.sum(), perfect=False, lazy=False) for one in counts
    ]

    def encode(rows: np.ndarray) -> np.ndarray:
        coder = stream.stack.AnsCoder()
        for row, model in zip(rows[::-1], models[::-1], strict=True):
            coder.encode_reverse(np.ascontiguousarray(row), model)
        return coder.get_compressed()

    def decode(string: np.ndarray) -> list[np.ndarray]:
        coder = stream.stack.AnsCoder(string)
        return [coder.decode(model, by_image.shape[-1]) for model in models]

    strings = [encode(one) for one in by_image]
    np.testing.assert_array_equal([decode(one) for one in strings], by_image)
    return {"constriction": lambda: [decode(one) for one in strings]}


def main(arguments: Sequence[str] | None = None) -> None:
    line = harness.CommandLine("coder_speed", __doc__)
    line.add_argument("--rounds", type=int, default=30, help="rounds of measuring")
    asked = line.read(arguments)
    with harness.workplace(asked, harness.QUICKSTART, *harness.SHORT_TRAINING) as (_, flags):
        fast = speed(learn(read_config(flags)), asked.rounds)
    harness.show(["", "strings/s"], list(fast["strings_per_second"].items()))
    harness.show(["ours, times as fast as", ""], list(fast["times_as_fast_as"].items()))
    harness.publish(asked, fast)


if __name__ == "__main__":
    main()
