# pyright: reportMissingImports=false
"""Write calibration.npz: what torchmetrics and PyTorch say of the calibration of known logits.

Both have an environment of their own, in which nothing of this project is:

    python3 -m venv oracle && oracle/bin/pip install torch==2.13.0 torchmetrics==1.9.0 numpy
    oracle/bin/python tests/oracles/make_calibration.py

Cases differ in how sure answers are, from confidences near chance to probabilities that float32 rounds to 1; one has
confidences on the edges of bins.

Arrays, for each case: logits float32 [N, K], label int64 [N], ece and nll float64 scalars; versions.
"""

import pathlib
from typing import Any

import numpy as np
import torch
import torchmetrics
from torch.nn.functional import cross_entropy
from torchmetrics.functional.classification import multiclass_calibration_error

SCALES = (0.3, 2.0, 8.0, 30.0)
NUM_CLASSES = (2, 10, 10, 5)


def on_edges() -> np.ndarray:
    """Logits whose confidences are multiples of 1/15 but for rounding, and some that are 1."""
    shares = [[k / 15, *3 * [(1 - k / 15) / 3]] for k in range(5, 15)]
    return np.concatenate([np.log(shares), [[50, 0, 0, 0], [0, 200, 0, 0]]])


def main() -> None:
    rng = np.random.default_rng(0)
    cases = [
        scale * rng.standard_normal((200, number))
        for scale, number in zip(SCALES, NUM_CLASSES, strict=True)
    ]
    arrays: dict[str, Any] = {}
    for number, values in enumerate([*cases, on_edges()]):
        logits = torch.tensor(values, dtype=torch.float32)
        # Most answers are right, so that the gaps of bins have both signs.
        guess = torch.tensor(rng.integers(0, logits.shape[1], len(logits)))
        label = torch.where(torch.tensor(rng.random(len(logits)) < 0.7), logits.argmax(-1), guess)
        probability = logits.double().softmax(-1)
        ece = multiclass_calibration_error(probability, label, logits.shape[1], n_bins=15)
        arrays |= {
            f"logits{number}": logits.numpy(),
            f"label{number}": label.numpy(),
            f"ece{number}": np.float64(ece),
            f"nll{number}": np.float64(cross_entropy(logits.double(), label)),
        }
    versions = np.array([f"torchmetrics {torchmetrics.__version__}", f"torch {torch.__version__}"])
    np.savez_compressed(
        pathlib.Path(__file__).with_name("calibration.npz"), versions=versions, **arrays
    )


if __name__ == "__main__":
    main()
