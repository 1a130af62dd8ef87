# pyright: reportMissingImports=false
"""Write transforms.npz: what torchvision's random transforms draw, and make of one known image.

torchvision has an environment of its own, in which nothing of this project is:

    python3 -m venv oracle && oracle/bin/pip install torch==2.14.1 torchvision==0.29.1
    oracle/bin/python tests/oracles/make_transforms.py

The image is greyer, darker and flatter than noise, so that autocontrast and equalising have something to do.

Arrays: image uint8 [19, 16, 3]; magnitudes float32 [14, 31] and signed bool [14], of TrivialAugmentWide's operations;
altered_cases float32 [n, 2], operation and signed magnitude, altered uint8 [n, 19, 16, 3]; altered_grey uint8
[n, 19, 16, 1], the same of the image's first channel; boxes int64 [m, 4], top, left, height, width, and cropped uint8
[m, 19, 16, 3], antialiased; drawn_square and drawn_flat uint8 [1000, 4], boxes that RandomResizedCrop draws of 64x64
and of 12x60 pixels; jitter_orders int64 [k, 4], jitter_factors float32 [k, 4], jittered uint8 [k, 19, 16, 3], of
brightness, contrast, saturation and hue; versions.
"""

import pathlib
from typing import Any

import numpy as np
import torch
import torchvision
from torchvision.transforms import InterpolationMode, RandomResizedCrop, TrivialAugmentWide
from torchvision.transforms import functional as F
from torchvision.transforms.autoaugment import _apply_op

HEIGHT, WIDTH = 19, 16
BINS = (5, 17, 30)
BOXES = (
    *((0, 0, 19, 16), (0, 0, 7, 9), (12, 7, 7, 9), (5, 3, 8, 8), (4, 6, 1, 1), (3, 0, 13, 16)),
    *((0, 5, 19, 2), (18, 0, 1, 16)),
)
ORDERS = ((0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2))
FACTORS = (
    (1.4, 0.6, 1.3, 0.1),
    (0.7, 1.4, 0.2, -0.3),
    (0.3, 0.9, 1.9, 0.5),
    (1.0, 1.8, 1.0, -0.07),
)


def pixels(image: torch.Tensor) -> np.ndarray:
    return image.permute(1, 2, 0).numpy()


def altered(image: torch.Tensor) -> dict[str, Any]:
    """TrivialAugmentWide's table, and each of its operations at some magnitudes and both signs."""
    space = TrivialAugmentWide()._augmentation_space(31)
    table = [np.broadcast_to(np.asarray(m, np.float32), 31) for m, _ in space.values()]
    signed = [sign for _, sign in space.values()]
    cases, results = [], []
    for number, name in enumerate(space):
        several = table[number].min() < table[number].max()
        for place in BINS if several else BINS[:1]:
            for sign in (1, -1) if signed[number] else (1,):
                magnitude = sign * float(table[number][place])
                cases.append((number, magnitude))
                results.append(_apply_op(image, name, magnitude, InterpolationMode.NEAREST, None))
    return {
        "magnitudes": np.stack(table),
        "signed": np.array(signed),
        "altered_cases": np.array(cases, np.float32),
        "altered": np.stack([pixels(result) for result in results]),
    }


def cropped(image: torch.Tensor) -> dict[str, Any]:
    """Boxes cut out and resized, and boxes drawn."""
    size = [HEIGHT, WIDTH]
    results = [F.resized_crop(image, *box, size=size, antialias=True) for box in BOXES]
    drawn = {}
    for name, shape in (("drawn_square", (3, 64, 64)), ("drawn_flat", (3, 12, 60))):
        empty, chances = torch.zeros(shape), ([0.08, 1.0], [3 / 4, 4 / 3])
        boxes = [RandomResizedCrop.get_params(empty, *chances) for _ in range(1000)]
        drawn[name] = np.array(boxes, np.uint8)
    return {"boxes": np.array(BOXES), "cropped": np.stack([pixels(r) for r in results]), **drawn}


def jittered(image: torch.Tensor) -> dict[str, Any]:
    """ColorJitter's four adjustments in some orders."""
    adjust = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
    results = []
    for order, factors in zip(ORDERS, FACTORS, strict=True):
        result = image
        for number in order:
            result = adjust[number](result, factors[number])
        results.append(pixels(result))
    return {
        "jitter_orders": np.array(ORDERS),
        "jitter_factors": np.array(FACTORS, np.float32),
        "jittered": np.stack(results),
    }


def main() -> None:
    torch.manual_seed(0)
    noise = torch.rand(3, HEIGHT, WIDTH)
    image = (30 + 180 * (0.5 * noise + 0.5 * noise.mean(0)) ** 2).to(torch.uint8)
    versions = np.array([f"torchvision {torchvision.__version__}", f"torch {torch.__version__}"])
    grey = altered(image[:1])["altered"]
    np.savez_compressed(
        pathlib.Path(__file__).with_name("transforms.npz"),
        image=pixels(image),
        versions=versions,
        altered_grey=grey,
        **altered(image),
        **cropped(image),
        **jittered(image),
    )


if __name__ == "__main__":
    main()
