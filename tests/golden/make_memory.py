"""Makes tests/golden/memory.npz: a small memory whose strings must decode to the same integers for ever.

Run again only when the format gets a new version: `python tests/golden/make_memory.py`. The codec is not trained: its
weights are random numbers, those of the context large enough to matter, and so are the cues. Some latents lie so far
out that expectations and scales reach the ends of their range.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.build import build_method
from braincl_jax.config import CodecConfig, Config
from braincl_jax.memory import cue_strings
from braincl_jax.memory.block import store, writing
from braincl_jax.memory.codec import quantise
from braincl_jax.memory.coder import tables
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.exchange import export_memory
from braincl_jax.types import PyTree, StreamSpec

FOLDER = Path(__file__).parent
COUNTS = (5, 7)


def random_context(rng: np.random.Generator, like: PyTree) -> PyTree:
    """Parameters of which hardly two become the same weight."""
    return {
        name: jnp.asarray(
            0.6 * rng.standard_normal(leaf.shape) - name.startswith("scale"), jnp.float32
        )
        for name, leaf in like.items()
    }


def main() -> None:
    spec = StreamSpec.of_equal_tasks((8, 12, 3), num_classes=4, task_sizes=(8, 8, 8))
    config = Config(
        budget_bytes=6_000,
        num_tasks=3,
        codec=CodecConfig(latent_channels=4, width=4, analysis_width=4, shared="nothing"),
    )
    layout = build_method(config, spec).layout
    assert isinstance(layout, CueLayout)
    memory = store.empty_memory(layout.format)
    rng = np.random.default_rng(0)
    all_cues, all_labels = [], []
    for task, count in enumerate(COUNTS):
        cues = np.rint(rng.laplace(0, 2, (8, *layout.format.latent_shape))).astype(np.int32)
        cues = np.clip(cues, -7, 8)
        cues[..., 3] += (-100, 100)[task]
        cues[np.arange(8), 0, 1, task] = rng.integers(-28, 30, 8)
        labels = rng.integers(0, spec.num_classes, 8).astype(np.int32)
        params = layout.codec.init(jax.random.key(task))
        params = jax.tree.map(
            lambda leaf: leaf + 0.1 * rng.standard_normal(leaf.shape, np.float32), params
        )
        params["density"]["context"] = random_context(rng, params["density"]["context"])
        table = tables.build(params["density"], jnp.asarray(cues), jnp.ones(8, bool))
        record = store.TaskRecord(table, quantise.quantise(params["synthesis"]))
        added = cue_strings.encode_cues(
            table, jnp.asarray(cues), jnp.asarray(labels), layout.format
        )
        used = store.used_words(memory, layout.format)
        memory = writing.open_record(memory, layout.format, record)
        memory, _ = writing.append(
            memory, layout.format, used, added, jnp.asarray(labels), jnp.int32(count)
        )
        memory = store.sealed(memory)
        all_cues.append(cues[:count])
        all_labels.append(labels[:count])
    export_memory(FOLDER / "memory.npz", memory, layout, class_order=(2, 0, 3, 1))
    np.savez_compressed(
        FOLDER / "expected.npz", cues=np.concatenate(all_cues), labels=np.concatenate(all_labels)
    )


if __name__ == "__main__":
    main()
