"""Named metrics of class-incremental learning, each with the one definition used in this project.

The accuracy matrix R is float [T, T], fractions in [0, 1]. R[i, j] is the accuracy after learning
task i on the test images of task j, predicting among all classes seen up to task i. What lies above
the diagonal (NaN) is never read. `sizes` holds the number of test images of each task, [T].

Every function raises ValueError if R is not square, has a NaN on or below the diagonal or a value
outside [0, 1] there, or if `sizes` is not T positive numbers.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

PSNR_PEAK = 255.0
PSNR_CAP_DB = 100.0


def accuracy_after(matrix: ArrayLike, sizes: ArrayLike, i: int) -> float:
    """Accuracy over the test images of all classes seen, after learning task i.

    sum_{j <= i} sizes[j] R[i, j] / sum_{j <= i} sizes[j]: the top-1 accuracy of one pass over the
    pooled test images of tasks 0..i.

    Raises:
        ValueError: also if i is not in 0..T-1.
    """
    accuracy = _checked_matrix(matrix)
    weights = _checked_sizes(sizes, len(accuracy))
    if not 0 <= i < len(accuracy):
        raise ValueError(f"task {i} is not among the {len(accuracy)} tasks of the matrix")
    return float(np.average(accuracy[i, : i + 1], weights=weights[: i + 1]))


def final_accuracy(matrix: ArrayLike, sizes: ArrayLike) -> float:
    """Accuracy over all test images after the last task ("last" in published tables)."""
    return accuracy_after(matrix, sizes, len(_checked_matrix(matrix)) - 1)


def average_incremental_accuracy(matrix: ArrayLike, sizes: ArrayLike) -> float:
    """Mean over i of the accuracy over all classes seen after task i.

    Rebuffi et al. 2017, "iCaRL", section 4 (arXiv 1611.07725); the first task counts.
    """
    tasks = range(len(_checked_matrix(matrix)))
    return float(np.mean([accuracy_after(matrix, sizes, i) for i in tasks]))


def forgetting_chaudhry(matrix: ArrayLike) -> float:
    """Mean over the earlier tasks of (best accuracy before the last task - final accuracy).

    Chaudhry et al. 2018, "Riemannian Walk" (arXiv 1801.10112), their F_k after the last task:
    F = mean_{j < T-1} ( max_{j <= i < T-1} R[i, j] - R[T-1, j] ). In [-1, 1]; 0.0 for one task.
    """
    accuracy = _checked_matrix(matrix)
    if len(accuracy) == 1:
        return 0.0
    best = np.nanmax(accuracy[:-1, :-1], axis=0)
    return float(np.mean(best - accuracy[-1, :-1]))


def backward_transfer_gem(matrix: ArrayLike) -> float:
    """Mean over the earlier tasks of (final accuracy - accuracy when just learned).

    Lopez-Paz & Ranzato 2017, "GEM", equation 3 (arXiv 1706.08840):
    BWT = mean_{j < T-1} ( R[T-1, j] - R[j, j] ). In [-1, 1]; negative when the learner forgets; 0.0
    for one task. Some libraries report -BWT under the name "forgetting"; here it is not.
    """
    accuracy = _checked_matrix(matrix)
    if len(accuracy) == 1:
        return 0.0
    return float(np.mean(accuracy[-1, :-1] - np.diagonal(accuracy)[:-1]))


def learning_accuracy(matrix: ArrayLike, sizes: ArrayLike) -> float:
    """Mean over tasks of the accuracy when just learned, R[j, j], weighted by `sizes`: plasticity.

    Riemer et al. 2019, "MER" (arXiv 1810.11910), their LA, for tasks of one size. In [0, 1]. Later tasks are asked
    among more classes, so it is to be compared with that of other learners of the same sequence.
    """
    accuracy = _checked_matrix(matrix)
    return float(np.average(np.diagonal(accuracy), weights=_checked_sizes(sizes, len(accuracy))))


def weighted_forgetting(matrix: ArrayLike, sizes: ArrayLike) -> float:
    """`forgetting_chaudhry` where earlier tasks count by their `sizes`: by image, not by task.

    The same for tasks of one size. In [-1, 1]; 0.0 for one task.
    """
    accuracy = _checked_matrix(matrix)
    weights = _checked_sizes(sizes, len(accuracy))
    if len(accuracy) == 1:
        return 0.0
    lost = np.nanmax(accuracy[:-1, :-1], axis=0) - accuracy[-1, :-1]
    return float(np.average(lost, weights=weights[:-1]))


def stability(matrix: ArrayLike, sizes: ArrayLike) -> float:
    """Share of its best accuracy that an earlier task has in the end, mean weighted by `sizes`.

    mean_{j < T-1} ( R[T-1, j] / max_{j <= i <= T-1} R[i, j] ), this project's own definition. In [0, 1].
    A task of which nothing was ever known has nothing to lose and is left out; 1.0 if none is left, as
    with one task.
    """
    accuracy = _checked_matrix(matrix)
    weights = _checked_sizes(sizes, len(accuracy))[:-1]
    best = np.nanmax(accuracy, axis=0)[:-1]
    known = best > 0
    if not known.any():
        return 1.0
    return float(np.average(accuracy[-1, :-1][known] / best[known], weights=weights[known]))


def imbalance(matrix: ArrayLike) -> float:
    """Standard deviation over tasks (divisor T) of the final accuracy: 0.0 where all are known equally well.

    This project's own definition; each task counts alike. In [0, 0.5]; 0.0 for one task.
    """
    return float(np.std(_checked_matrix(matrix)[-1]))


def summarise(matrix: ArrayLike, sizes: ArrayLike) -> dict[str, float]:
    """The four metrics of a run under the names they have in `summary.json`."""
    return {
        "final_accuracy": final_accuracy(matrix, sizes),
        "average_incremental_accuracy": average_incremental_accuracy(matrix, sizes),
        "forgetting_chaudhry": forgetting_chaudhry(matrix),
        "backward_transfer_gem": backward_transfer_gem(matrix),
    }


def psnr(original: NDArray[np.uint8], recalled: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Peak signal-to-noise ratio of each image in dB: 10 log10(255^2 / MSE), at most 100 dB.

    The MSE runs over all pixels and channels of one image. The cap gives identical images a finite
    value, so that a mean over images stays finite.

    Args:
        original: uint8 [N, ...], usually [N, H, W, C].
        recalled: uint8, the shape of `original`.

    Returns:
        float64 [N].

    Raises:
        ValueError: if the shapes differ, an image has no pixels, or a dtype is not uint8.
    """
    if original.shape != recalled.shape:
        raise ValueError(f"original is {original.shape} but recalled is {recalled.shape}")
    if original.dtype != np.uint8 or recalled.dtype != np.uint8:
        raise ValueError(f"images must be uint8, got {original.dtype} and {recalled.dtype}")
    if original.ndim < 2 or 0 in original.shape[1:]:
        raise ValueError(f"need [N, ...] with at least one pixel an image, got {original.shape}")
    difference = original.astype(np.int32) - recalled
    axes = tuple(range(1, difference.ndim))
    error = np.mean(np.square(difference), axis=axes, dtype=np.float64)
    floor = PSNR_PEAK**2 / 10 ** (PSNR_CAP_DB / 10)
    return 10 * np.log10(PSNR_PEAK**2 / np.maximum(error, floor))


def _checked_matrix(matrix: ArrayLike) -> NDArray[np.float64]:
    """R as float64 with NaN above the diagonal, whatever stood there."""
    accuracy = np.array(matrix, dtype=np.float64)
    if accuracy.ndim != 2 or accuracy.shape[0] != accuracy.shape[1] or accuracy.size == 0:
        raise ValueError(f"the accuracy matrix must be [T, T] with T >= 1, got {accuracy.shape}")
    # Written so that NaN fails too.
    wrong = np.argwhere(np.tril(~((accuracy >= 0) & (accuracy <= 1))))
    for i, j in wrong[:1]:
        raise ValueError(f"accuracy [{i}, {j}] must be in [0, 1], got {accuracy[i, j]}")
    accuracy[np.triu_indices(len(accuracy), k=1)] = np.nan
    return accuracy


def _checked_sizes(sizes: ArrayLike, num_tasks: int) -> NDArray[np.float64]:
    weights = np.asarray(sizes, dtype=np.float64)
    if weights.shape != (num_tasks,):
        raise ValueError(f"sizes must be [{num_tasks}], one a task, got {weights.shape}")
    if not np.all(np.isfinite(weights) & (weights > 0)):
        raise ValueError(f"sizes must be positive, got {weights.tolist()}")
    return weights
