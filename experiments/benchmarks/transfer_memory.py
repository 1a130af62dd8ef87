"""What a task of any size costs a device while it is transferred, from shapes.

The step is compiled for the shapes of a state and not run, so nothing of that size is allocated.

Command:   python -m experiments.benchmarks.transfer_memory --results=experiments/results/transfer_memory.json
Takes:     minutes on 2 CPU cores.
Expect:    see experiments/results/transfer_memory.json: 0.26 GB of temporaries for 130,000 cues of 14x14x96 latents,
           most of it for the chunk that is being coded, and some 50 bytes for each slot and cue. They were 90 GB, and
           working memory four times as large, when all cues were coded at once.
"""

import sys
from collections.abc import Sequence
from typing import Any

import jax

from braincl_jax.build import build_method, init_brain
from braincl_jax.config import CodecConfig, Config
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.methods import BrainCL
from braincl_jax.types import StreamSpec
from experiments.benchmarks import harness

# Images of 224x224 pixels and a block for 10 tasks, whose cues have 14x14x96 latents.
LARGE = Config(
    num_tasks=10,
    budget_bytes=200_000_000,
    codec=CodecConfig(num_stages=4, latent_channels=96),
)


def large_tasks(number: int) -> StreamSpec:
    """10 tasks of 100 classes with so many images each."""
    return StreamSpec.of_equal_tasks((224, 224, 3), 1000, (number,) * 10)


def imagenet(latent_channels: int) -> tuple[Config, StreamSpec]:
    """ImageNet-1K in 10 tasks, remembered at 256 pixels in a block of nearly all words that can be counted."""
    codec = CodecConfig(num_stages=4, latent_channels=latent_channels, lanes_per_image=16)
    config = Config(num_tasks=10, budget_bytes=4_000_000_000, codec=codec)
    return config, StreamSpec.of_equal_tasks((256, 256, 3), 1000, (128_117,) * 10)


CASES = {
    "quickstart": (Config(), StreamSpec.of_equal_tasks((28, 28, 1), 10, (1000,) * 5)),
    "large_1000": (LARGE, large_tasks(1_000)),
    "large_10000": (LARGE, large_tasks(10_000)),
    "large_130000": (LARGE, large_tasks(130_000)),
    "imagenet_48": imagenet(latent_channels=48),
    "imagenet_192": imagenet(latent_channels=192),
}


def measure(config: Config, spec: StreamSpec) -> dict[str, Any]:
    """Bytes on each device, of a state that is donated to the step."""
    method = build_method(config, spec)
    assert isinstance(method, BrainCL)
    state = jax.eval_shape(lambda key: init_brain(method, key), jax.random.key(0))
    step = jax.jit(method.transfer(), donate_argnums=0)
    analysis = step.lower(state, None).compile().memory_analysis()
    assert analysis is not None
    working, prefetched = state.memory.working, state.memory.prefetched
    rows = {
        "long_term_memory": tree_bytes(state.memory.long_term),
        "cues": tree_bytes(working.cues),
        "labels": tree_bytes(working.labels),
        "codec_and_optimiser": tree_bytes((working.codec, working.codec_opt)),
        "network_and_optimisers": tree_bytes(state.encoder),
        "prefetched": tree_bytes(prefetched),
        "temporaries_of_transfer": analysis.temp_size_in_bytes,
        "other_results_of_transfer": analysis.output_size_in_bytes - analysis.alias_size_in_bytes,
    }
    return {
        "cues_of_a_task": spec.max_task_size,
        "latents_of_a_cue": list(method.layout.codec.latent_shape),
        "bytes": rows | {"total": sum(rows.values())},
    }


def table(measured: dict[str, dict[str, Any]]) -> str:
    """Markdown: rows of bytes, in MB, one column for each case."""
    lines = [
        "| MB on a device | " + " | ".join(measured) + " |",
        "|---" * (len(measured) + 1) + "|",
    ]
    for row in next(iter(measured.values()))["bytes"]:
        cells = (f"{one['bytes'][row] / 1e6:,.2f}" for one in measured.values())
        lines.append(f"| {row.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    line = harness.CommandLine("transfer_memory", __doc__, settings=False)
    line.add_argument("--only", nargs="+", choices=CASES, help="cases to measure; all by default")
    asked = line.read(arguments)
    cases = ["quickstart"] if asked.smoke else asked.only or CASES
    measured = {}
    for name in cases:
        measured[name] = measure(*CASES[name])
        print(table({name: measured[name]}), flush=True)
    print(table(measured))
    harness.publish(asked, {"compiler": jax.__version__} | measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
