# pyright: reportMissingImports=false
"""Write resized.npz: what torchvision's Resize and CenterCrop make of known images.

torchvision has an environment of its own, in which nothing of this project is:

    python3 -m venv oracle && oracle/bin/pip install torch==2.13.0 numpy pillow
    oracle/bin/pip install --no-deps torchvision==0.28.0
    oracle/bin/python tests/oracles/make_resized.py

Sizes are chosen so that each is shrunk and enlarged, upright and lying, with margins that are odd and even.

Arrays: cases int64 [n, 4], of each case height and width, R of Resize and S of CenterCrop; image0, ... uint8 [H, W, 3];
result0, ... uint8 [S, S, 3]; versions, of torchvision and Pillow.
"""

import pathlib
from typing import Any

import numpy as np
import PIL
import torch
from PIL import Image

CASES = (
    *((40, 60, 32, 28), (60, 40, 32, 32), (37, 53, 36, 31), (53, 37, 19, 1)),
    *((24, 24, 24, 20), (9, 31, 20, 15), (30, 17, 40, 33), (64, 48, 16, 16)),
)


def main() -> None:
    # PyTorch without CUDA does not load torchvision's compiled operators, which are not needed here; it looks for them.
    operators = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision
    from torchvision.transforms import CenterCrop, Compose, Resize

    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {"cases": np.array(CASES)}
    for number, (height, width, short, side) in enumerate(CASES):
        pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
        result = Compose([Resize(short), CenterCrop(side)])(Image.fromarray(pixels))
        arrays |= {f"image{number}": pixels, f"result{number}": np.asarray(result)}
    versions = np.array([f"torchvision {torchvision.__version__}", f"Pillow {PIL.__version__}"])
    np.savez_compressed(
        pathlib.Path(__file__).with_name("resized.npz"), versions=versions, **arrays
    )


if __name__ == "__main__":
    main()
