"""Where the bits of stored cues go: to their symbols, and to what the coder and the integer table add.

Command:   python -m experiments.benchmarks.bits --config.dataset=npz:cifar100.npz --config.codec.first_steps=6000
Takes:     about 5 minutes on 2 CPU cores, for training a codec.
Expect:    about 3 bytes of a string lost by the coder, its final state, and a fraction of one by the table; a fifth of
           the symbols' information saved by context.
"""

from collections import defaultdict
from collections.abc import Sequence

import jax
import numpy as np
from numpy.typing import NDArray

from braincl_jax.memory.block import store
from braincl_jax.memory.codec import context
from braincl_jax.memory.coder import coding, tables
from braincl_jax.runtime.processes import use_virtual_devices
from experiments.arguments import read_config
from experiments.benchmarks import harness
from experiments.benchmarks.learned import Learned, learn, stored_cues
from experiments.benchmarks.rate import PHOTOGRAPHS, at_rate

INFORMATION = ("table", "density", "without_context")


def where_bits_go(learned: Learned) -> dict[str, float]:
    """Bytes of a stored cue, and those that it would take without losses and without context: means over stored cues.

    `string` is what is stored. `table` is the information under the task's stored table, and `density` under the
    trained density and context that the table was made from. `without_context` is the entropy of each channel's
    values: the best that a table for each channel could do which knows no neighbours.
    """
    form = learned.layout.format
    entries = store.read_entries(learned.stored, form)
    inform = jax.jit(context.information, static_argnames="lanes")
    bits = defaultdict(float, string=16.0 * float(entries.lengths.sum()))
    for task, codec in enumerate(learned.codecs):
        table, cues = stored_cues(learned, task)
        bits["table"] += table_bits(table, cues, form.lanes)
        values = cues.astype(np.float32)
        foretold = inform(codec["density"], values, values, lanes=form.lanes)
        bits["density"] += np.asarray(foretold).sum(dtype=float)
        bits["without_context"] += counted_bits(cues)
    return {name: float(value) / 8 / len(learned.sources) for name, value in bits.items()}


def table_bits(table: tables.CodingTable, cues: NDArray[np.int32], lanes: int) -> float:
    """Information of cues [n, h, w, M] in bits, all told, under a table."""
    _, frequency = jax.jit(coding.intervals, static_argnums=2)(table, cues, lanes)
    return -np.log2(np.asarray(frequency) / tables.TOTAL).sum()


def counted_bits(cues: NDArray[np.integer]) -> float:
    """Information of cues [n, h, w, M] in bits, all told, if every channel's values are as likely as they are often."""
    bits = 0.0
    for channel in np.moveaxis(cues, -1, 0):
        counts = np.unique(channel, return_counts=True)[1]
        bits -= (counts * np.log2(counts / counts.sum())).sum()
    return bits


def main(arguments: Sequence[str] | None = None) -> None:
    line = harness.CommandLine("bits", __doc__)
    line.add_argument("--bytes", type=float, default=150.0, help="bytes an image, all told")
    asked = line.read(arguments)
    use_virtual_devices()
    with harness.workplace(asked, *PHOTOGRAPHS) as (_, flags):
        found = where_bits_go(learn(at_rate(read_config(flags), asked.bytes)))
    rows = [["a stored string", found["string"]]]
    rows += [[f"information, {name}", found[name]] for name in INFORMATION]
    harness.show(["", "bytes"], rows)
    harness.publish(asked, {"bytes": found})


if __name__ == "__main__":
    main()
