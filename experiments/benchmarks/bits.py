"""Where the bits of stored cues go: to their symbols, and to what the coder and the integer table add.

Command:   python -m experiments.benchmarks.bits --config.dataset=npz:cifar100.npz
Takes:     about 5 minutes on 2 CPU cores, for training a codec; with the settings of `rate`.
Expect:    about 3 bytes of a string lost by the coder, its final state, and a fraction of one by the table; a fifth of
           the letters' information saved by context; large cues coded to within a percent.
"""

from collections import defaultdict
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from braincl_jax.memory.block import store
from braincl_jax.memory.codec import context, density
from braincl_jax.memory.coder import coding, tables
from braincl_jax.runtime.processes import use_virtual_devices
from braincl_jax.types import Array
from experiments.benchmarks import harness
from experiments.benchmarks.learned import Learned, learn, stored_cues
from experiments.benchmarks.rate import PHOTOGRAPHS, at_rate

# Latents as large as those of 224x224 images.
LARGE_CUES = ((14, 14, 192), (28, 28, 64))
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


def table_bits(table: tables.CodingTable, cues: Array | NDArray[np.int32], lanes: int) -> float:
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


def peaked_table(channels: int, widest: float) -> tables.CodingTable:
    """Logistic symbols that no neighbour tells of, scales from hardly any up to `widest`."""
    params = {"cumulative": density.init(jax.random.key(0), channels)}
    params["context"] = context.init(channels)
    window = jnp.broadcast_to(jnp.array([-16, 15])[:, None, None, None], (2, 1, 1, channels))
    table = tables.build(params, window, jnp.ones(2, bool))
    base = jnp.linspace(1, context.UNIT * widest, channels).astype(jnp.uint8)
    nothing = jax.tree.map(jnp.zeros_like, table.weights)
    return table.replace(weights=nothing._replace(base=base))


def drawn_cues(table: tables.CodingTable, shape: tuple[int, ...]) -> Array:
    """Cues int32 [n, h, w, M] as likely as a table says whose neighbours tell nothing."""
    channel = jnp.broadcast_to(jnp.arange(shape[-1]), shape)
    scale = table.weights.base.astype(jnp.int32)[channel]
    rows = tables.rows_of(tables.channels_of(table, channel), jnp.zeros_like(scale), scale)
    slot = jax.random.randint(jax.random.key(0), shape, 0, tables.TOTAL)
    symbols, *_ = tables.find(rows, slot, tables.search_rounds(table.size))
    return tables.to_cues(table.lowest, symbols)


def large_cue_loss(shape: tuple[int, int, int], *, lanes: int = 2, number: int = 16) -> float:
    """What coding adds to cues (h, w, M) as likely as their table says, in % of their information."""
    table = peaked_table(shape[-1], widest=0.4)
    cues = jax.jit(lambda: drawn_cues(table, (number, *shape)))()
    tag = jnp.zeros(number * lanes, jnp.uint32)
    most = store.max_string_words(cues[0].size // lanes, cues[0].size / lanes / 16)
    _, lengths = jax.jit(lambda cues: coding.encode(table, cues, tag, lanes, most))(cues)
    assert int(lengths.max()) <= most
    return 100 * (16 * float(lengths.sum()) / table_bits(table, cues, lanes) - 1)


def main(arguments: Sequence[str] | None = None) -> None:
    line = harness.CommandLine("bits", __doc__)
    line.add_argument("--bytes", type=float, default=150.0, help="bytes an image, all told")
    asked = line.read(arguments)
    use_virtual_devices()
    with harness.workplace(asked, *PHOTOGRAPHS) as (_, flags):
        found = where_bits_go(learn(at_rate(harness.read_config(flags), asked.bytes)))
    shapes = ((14, 14, 8),) if asked.smoke else LARGE_CUES
    lost = {"x".join(map(str, shape)): large_cue_loss(shape) for shape in shapes}
    rows = [["a stored string", found["string"]]]
    rows += [[f"information, {name}", found[name]] for name in INFORMATION]
    harness.show(["", "bytes"], rows)
    harness.show(["cue", "lost in coding (%)"], list(lost.items()))
    harness.publish(asked, {"bytes": found, "large_cues_lose_percent": lost})


if __name__ == "__main__":
    main()
