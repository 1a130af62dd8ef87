"""Summaries of imaginary runs, and figures that the package does not know."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.settings import positive, settings

PARTS = {"strings": 2500, "index": 120, "labels": 30, "decoders": 980, "tables": 70}
ROWS = [
    {"label": "final accuracy", "key": "final_accuracy", "scale": 100, "unit": "%"},
    {"label": "forgetting", "key": "forgetting_chaudhry", "scale": 100, "unit": "points"},
]


@FIGURES.register("marbles")
@settings()
class Marbles:
    """Of a run that counted marbles."""

    width: float = positive(default=4.0)
    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Any]) -> Figure | None:
        counts = [summary["marbles"] for summary in summaries if "marbles" in summary]
        if not counts:
            return None
        figure, axes = style.blank_axes(self.width, 3, "Marbles")
        axes.bar(range(len(counts)), counts)
        return figure


@FIGURES.register("marbles_compared")
@settings()
class MarblesCompared(Marbles):
    """Of all runs that counted marbles."""

    scope: ClassVar[str] = "comparison"


@FIGURES.register("broken")
@settings()
class Broken:
    """Fails on the runs that ask for it."""

    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Any]) -> Figure | None:
        if "broken" in summaries[0]:
            raise KeyError("no such figure in the summary")


@FIGURES.register("giant")
@settings()
class Giant:
    """Too large for any machine on the runs that ask for it."""

    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Any]) -> Figure | None:
        return Figure(figsize=(4000, 4000)) if "giant" in summaries[0] else None


@pytest.fixture(scope="session")
def summary_of() -> Callable[..., dict[str, Any]]:
    """(matrix, **changes) -> the summary of a run with that accuracy matrix."""

    def make(matrix: list[list[float | None]], **changes: Any) -> dict[str, Any]:
        return {
            "method": "braincl",
            "dataset": "embedded:fashion_mnist_mini",
            "seed": 3,
            "num_tasks": len(matrix),
            "accuracy_matrix": matrix,
            "final_accuracy": 0.6125,
            "forgetting_chaudhry": 0.2,
            "rows": ROWS,
            "memory_bytes": {**PARTS, "total": sum(PARTS.values())},
            "budget_bytes": 4000,
            "num_cues": 1234,
            "num_train_images": 2000,
            "bits_per_pixel": 0.5,
            "recall_psnr_db": 24.25,
            "wall_seconds": {"wake": 60.0, "sleep": 30.0},
            "device": "cpu",
            **changes,
        }

    return make


def counts_of(num_classes: int) -> NDArray[np.int64]:
    """Ten images a class: class k has k % 10 wrong, which are taken for the class after it."""
    wrong = np.arange(num_classes) % 10
    counts = np.diag(10 - wrong)
    counts[np.arange(num_classes), (np.arange(num_classes) + 1) % num_classes] += wrong
    return counts


@pytest.fixture(scope="session")
def classes_of() -> Callable[..., dict[str, Any]]:
    """(K, matrix=True) -> what a summary says of K classes, each with a name; see `counts_of`."""

    def make(num_classes: int, matrix: bool = True) -> dict[str, Any]:
        counts = counts_of(num_classes)
        pairs = [[k, (k + 1) % num_classes, 9] for k in range(9, num_classes, 10)]
        return {
            "class_names": [f"kind {k}" for k in range(num_classes)],
            "class_accuracy": (np.diagonal(counts) / 10).tolist(),
            "confusion_matrix": counts.tolist() if matrix else None,
            "frequent_confusions": pairs[:100],
        }

    return make


@pytest.fixture(scope="session")
def curves_of() -> Callable[[int], dict[str, Any]]:
    """(T) -> curves of 200 points over T tasks: encode with rate and PSNR, classify and replay with a loss."""

    def make(num_tasks: int) -> dict[str, Any]:
        places = {
            "task": (np.arange(200) * num_tasks // 200).tolist(),
            "step": list(range(20, 4020, 20)),
        }
        falling = (1 / np.arange(1, 201)).tolist()
        codec = {"bytes_per_cue": [98.0] * 200, "target_bytes_per_cue": [49.0] * 200}
        return {
            "encode": places | codec | {"psnr_db": [24.0] * 200},
            "classify": places | {"loss": falling},
            "replay": places | {"loss": falling, "accuracy": falling},
        }

    return make


@pytest.fixture(scope="session")
def matrix_of() -> Callable[[int], list[list[float | None]]]:
    """(T) -> a matrix in which all images are known but those of task 0: a half of them."""

    def make(num_tasks: int) -> list[list[float | None]]:
        matrix = np.ones((num_tasks, num_tasks))
        matrix[:, 0] = 0.5
        return [
            [value if column <= row else None for column, value in enumerate(values)]
            for row, values in enumerate(matrix.tolist())
        ]

    return make


@pytest.fixture(scope="session")
def pixels_of() -> Callable[[Figure], float]:
    """(figure) -> how many pixels it has."""
    return lambda figure: float(np.prod(figure.get_size_inches() * figure.dpi))
