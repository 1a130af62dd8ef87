# pyright: reportMissingImports=false
"""Write avalanche.npz: accuracy, forgetting and backward transfer of known answers by Avalanche's own classes.

Avalanche has an environment of its own, in which nothing of this project is:

    python3 -m venv oracle && oracle/bin/pip install torch==2.13.0 numpy avalanche-lib==0.6.0
    oracle/bin/python tests/oracles/make_avalanche.py

Tasks are of unequal size, and what is known of them comes and goes. After each task Avalanche's `Accuracy` sees the
answers to each task's test images so far, and those to all of them together; its `Forgetting` (first less last) and
`BWT` see the accuracies of each task, as its plugin metrics do.

Arrays, for each case: sizes int64 [T], test images of each task; matrix float64 [T, T], NaN above the diagonal; seen
float64 [T], accuracy over all test images so far; forgetting and bwt float64 [T - 1], by task, in the end; versions.
"""

import pathlib
from typing import Any

import numpy as np
import torch

SIZES = ((40, 40, 40), (7, 31, 12, 50, 25), (1, 2))


def answers(rng: np.random.Generator, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Labels among ten classes, and answers of which a random share is right."""
    label = torch.tensor(rng.integers(0, 10, size))
    right = torch.tensor(rng.random(size) < rng.uniform(0.2, 1.0))
    return torch.where(right, label, (label + 1) % 10), label


def main() -> None:
    # PyTorch without CUDA does not load torchvision's compiled operators, which are not needed here; it looks for them.
    operators = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import avalanche
    from avalanche.evaluation.metrics import BWT, Accuracy, Forgetting

    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for case, sizes in enumerate(SIZES):
        matrix = np.full((len(sizes), len(sizes)), np.nan)
        seen = np.zeros(len(sizes))
        forgetting, transfer = Forgetting(), BWT()
        for task in range(len(sizes)):
            together = Accuracy()
            for asked in range(task + 1):
                alone = Accuracy()
                given = answers(rng, sizes[asked])
                alone.update(*given)
                together.update(*given)
                matrix[task, asked] = alone.result()
                for metric in (forgetting, transfer):
                    metric.update(asked, alone.result(), initial=asked == task)
            seen[task] = together.result()
        earlier = range(len(sizes) - 1)
        arrays |= {
            f"sizes{case}": np.array(sizes),
            f"matrix{case}": matrix,
            f"seen{case}": seen,
            f"forgetting{case}": np.array([forgetting.result()[task] for task in earlier]),
            f"bwt{case}": np.array([transfer.result()[task] for task in earlier]),
        }
    versions = np.array([f"avalanche-lib {avalanche.__version__}", f"torch {torch.__version__}"])
    np.savez_compressed(
        pathlib.Path(__file__).with_name("avalanche.npz"), versions=versions, **arrays
    )


if __name__ == "__main__":
    main()
