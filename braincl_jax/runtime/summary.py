"""`summary.json`: what a run learned, what its memory weighs, and what it cost."""

import platform
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from braincl_jax.build import brain_shapes
from braincl_jax.data import TaskStream
from braincl_jax.evaluators.base import Evaluator
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.methods import Method
from braincl_jax.phases import phase_flops
from braincl_jax.pipeline import Phase
from braincl_jax.runtime.compute import compute_of
from braincl_jax.runtime.cursor import Outcome
from braincl_jax.state import BrainState

PACKAGES = ("braincl_jax", "jax", "flax", "optax", "numpy")


def summarise_run(
    state: BrainState,
    *,
    method: Method,
    phases: Sequence[Phase],
    evaluators: dict[str, Evaluator],
    stream: TaskStream,
    outcome: Outcome,
    device: str,
) -> dict[str, Any]:
    """The content of `summary.json`; accuracies are fractions, bytes are bytes, seconds are seconds.

    `memory_bytes` is the bill of long-term memory; beside it stand what is kept for speed alone (`cache_bytes`) and,
    for comparison, what the classifier weighs (`classifier_bytes`), the arrays of working memory (`working_bytes`) and
    the uint8 images of one replay batch. `bits_per_pixel` is the whole bill by pixel of the images remembered.
    `left_out` counts images that cannot be read and are in no task. `compute` is what the run has cost, see there.
    `rows` says what of all this is shown.
    """
    config, plan = method.parts.config, method.parts.plan
    spec = plan.spec
    bill = method.bill(state)
    stored = method.num_stored(state)
    height, width, channels = spec.image_shape
    summary: dict[str, Any] = {
        "method": config.method,
        "dataset": config.dataset,
        "seed": config.seed,
        "num_tasks": spec.num_tasks,
        "task_classes": [list(classes) for classes in spec.task_classes],
        "class_order": list(plan.class_order),
        "class_names": list(plan.class_names),
        "evaluated_on": stream.evaluated_on,
        "test_sizes": list(stream.test_sizes),
        "left_out": {split: len(rows) for split, rows in stream.left_out._asdict().items()},
    }
    for name, evaluator in evaluators.items():
        summary |= evaluator.summarise(outcome.figures[name], stream)
    return summary | {
        "rows": [row._asdict() for one in evaluators.values() for row in one.rows],
        "figures": list(config.figures),
        "plugins": list(config.plugins),
        "memory_bytes": bill | {"total": sum(bill.values())},
        "cache_bytes": method.caches(state),
        "budget_bytes": plan.budget_bytes,
        "max_flops": config.max_flops,
        "max_examples": config.max_examples,
        "raw_train_bytes": spec.num_images * height * width * channels,
        "classifier_bytes": tree_bytes((state.encoder.params, state.encoder.batch_stats)),
        "working_bytes": tree_bytes(state.memory.working),
        "replay_batch_bytes": config.sleep.batch_size * height * width * channels,
        "num_cues": stored,
        "num_train_images": spec.num_images,
        "bits_per_pixel": 8 * sum(bill.values()) / (stored * height * width) if stored else None,
        "examples_seen": {kind: int(count) for kind, count in state.consolidation.examples.items()},
        "compute": compute_of(phases, phase_flops(method, stream, brain_shapes(method)), outcome),
        "wall_seconds": {stage: round(value, 2) for stage, value in outcome.seconds.items()},
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in PACKAGES},
        "device": device,
    }
