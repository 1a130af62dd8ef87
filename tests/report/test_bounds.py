"""No picture can cost a run or a fortune: all figures and the page at 500 tasks, 1,000 classes and odd images."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from braincl_jax.registry import FIGURES
from braincl_jax.report import figures
from braincl_jax.report.comparison import write_comparison
from braincl_jax.report.console import format_summary
from braincl_jax.report.drawing import MOST_PIXELS, draw_figures, draw_or_warn
from braincl_jax.report.page import write_report
from braincl_jax.report.recalls import RecallSample, recall_figure
from braincl_jax.report.recollections import Recollection, write_recollections

TASKS, CLASSES, SEEDS = 500, 1000, 3
SECONDS, BYTES = 20, 400e6
OURS = [path.stem for path in sorted(Path(figures.__file__).parent.glob("[a-z]*.py"))]
OF_A_RUN = [name for name in OURS if FIGURES.build(name).scope == "run"]
OF_MANY = [name for name in OURS if FIGURES.build(name).scope == "comparison"]


@pytest.fixture(scope="module")
def large(summary_of, matrix_of, classes_of, curves_of):
    """(changes) -> the summary of a run that is large in everything a summary can say."""
    settings = {f"part{k}": {f"setting{j}": j for j in range(10)} for k in range(100)}
    parts = {f"part {k}": k for k in range(500)}
    facts = {
        **classes_of(CLASSES, matrix=False),
        "memory_bytes": {**parts, "total": sum(parts.values())},
        "reliability": {name: [0.5] * 16 for name in ("count", "confidence", "accuracy")},
        "corruption_error": {
            "clean": 0.5,
            "severities": [1, 2, 3, 4, 5],
            "by_severity": {f"corruption {k}": [0.5] * 5 for k in range(19)},
        },
        "out_of_distribution": {
            f"npz:{k}": {f"score {j}_auroc": 0.5 for j in range(4)} for k in range(500)
        },
        "effective_rank_by_task": [9.5] * TASKS,
        "feature_spectrum": [1 / 256] * 256,
        "feature_map": {
            **{axis: list(range(5000)) for axis in "xy"},
            **{"label": [k % CLASSES for k in range(5000)], "share": [0.5, 0.25]},
        },
        "task_classes": [[2 * k, 2 * k + 1] for k in range(TASKS)],
        "image_shape": [500, 3, 3],
        "curves": curves_of(TASKS),
        "settings": settings,
        "changed_settings": {f"part{k}": {"value": k, "default": 0} for k in range(CLASSES)},
        "wall_seconds": {f"phase {k}": 1.0 for k in range(100)},
        "compute": {"flops": {f"phase {k}": 10**12 for k in range(100)}},
        "stability": 0.9,
        "learning_accuracy": 0.8,
        "command": "braincl run",
    }
    matrix = matrix_of(TASKS)
    return lambda **changes: summary_of(matrix, **facts | changes)


def sample_of(num_tasks: int, height: int, width: int) -> RecallSample:
    original = np.full((num_tasks, 12, height, width, 3), 200, np.uint8)
    return RecallSample(original, original - np.uint8(50))


def long_curves(num_phases: int, points: int) -> dict[str, Any]:
    numbers = list(range(points))
    one = {"task": numbers, "step": numbers, "loss": numbers, "bytes_per_cue": numbers}
    return {"encode": one | {"psnr_db": numbers}} | {f"phase {k}": one for k in range(num_phases)}


def draws(*names: str, number: int = 1, **changes: Any) -> Callable:
    """The figures of these names, of one run or of several."""

    def draw(folder: Path, large: Callable) -> None:
        runs = [large(**changes, method=f"method {k // SEEDS}", seed=k) for k in range(number)]
        if number > 1:
            # Memories of one size are not compared.
            runs = [run | {"memory_bytes": {"total": 1000 + run["seed"]}} for run in runs]
        scope = "run" if number == 1 else "comparison"
        assert draw_figures(folder, names, scope, runs) == list(names)

    return draw


def draws_recalls(num_tasks: int, height: int, width: int) -> Callable:
    def draw(folder: Path, large: Callable) -> None:
        sample = sample_of(num_tasks, height, width)
        assert draw_or_warn(folder / "recalls.png", lambda: recall_figure(sample))

    return draw


def draws_recollections(folder: Path, large: Callable) -> None:
    image = np.zeros((500, 3, 3), np.uint8)
    found = [Recollection(slot, 0, 0, 9, image, image, 20.0) for slot in range(CLASSES)]
    write_recollections(folder / "recollections.png", found)


def writes_page(folder: Path, large: Callable) -> None:
    page = write_report(folder, large(), sample_of(TASKS, 500, 3))
    drawn = {path.stem for path in folder.glob("*.png")}
    assert drawn == {*OF_A_RUN, "recalls"}
    assert len(page.read_text()) < 50_000


def writes_comparison(folder: Path, large: Callable) -> None:
    runs = [large(method=f"method {k}", seed=k) for k in range(30)]
    assert len(write_comparison(folder, runs).read_text()) < 50_000


def prints(folder: Path, large: Callable) -> None:
    assert len(format_summary(large(), folder)) < 50_000


MATRIX = np.eye(CLASSES, dtype=int).tolist()
CASES = {
    **{name: draws(name, number=30 * SEEDS) for name in OF_MANY},
    "a confusion matrix of all classes": draws("confusion", confusion_matrix=MATRIX),
    "curves of 100 phases": draws("loss_curves", curves=long_curves(100, 200)),
    "curves of 100,000 points": draws("loss_curves", "codec_curves", curves=long_curves(1, 10**5)),
    "recalls of 500 tasks": draws_recalls(TASKS, 28, 28),
    "recalls of 500x3 pixels": draws_recalls(50, 500, 3),
    "recalls of 3x500 pixels": draws_recalls(50, 3, 500),
    "recalls of 500x500 pixels": draws_recalls(4, 500, 500),
    "recollections": draws_recollections,
    # All figures of a run.
    "page": writes_page,
    "page of a comparison": writes_comparison,
    "console": prints,
}


def peak_since_reset(reset: bool) -> float | None:
    """Bytes that this process holds at most since the last reset; None where the system does not tell."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    told = status.partition("VmHWM:")[2].split()
    return 1024 * float(told[0]) if told else None


@pytest.mark.parametrize("name", CASES)
def test_it_takes_seconds_and_a_few_hundred_megabytes(tmp_path, caplog, large, name):
    before, start = peak_since_reset(reset=True), time.process_time()
    CASES[name](tmp_path, large)
    seconds, peak = time.process_time() - start, peak_since_reset(reset=False)
    assert "was not drawn" not in caplog.text
    assert seconds < SECONDS
    if before is not None and peak is not None:
        assert peak - before < BYTES
    for path in tmp_path.glob("*.png"):
        height, width = imread(path).shape[:2]
        assert height * width <= MOST_PIXELS / 2
        assert path.stat().st_size < 5e6
