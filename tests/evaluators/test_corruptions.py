"""Errors under corruption: of which images, by what, and what is refused before anything is trained."""

import dataclasses
import json
import sys
import types
from typing import Any

import numpy as np
import pytest

from braincl_jax.config import Config
from braincl_jax.data import InMemory
from braincl_jax.data.corrupted import COMMON, SEVERITIES
from braincl_jax.evaluators import Answers, Exam
from braincl_jax.evaluators.base import Demanding
from braincl_jax.evaluators.corruptions import Corruptions, shown_shape


def reads_rows(images: np.ndarray) -> np.ndarray:
    """Logits of one who knows which quarter of the rows is bright (see `tiny_stream`)."""
    return images.reshape(len(images), 4, -1).mean(-1).astype(np.float32)


@pytest.fixture
def exam(tiny_stream) -> Exam:
    """After the last task, of one who is always right on clean images."""
    order = np.array(tiny_stream.class_order)

    def predict(images):
        return reads_rows(images)[:, order]

    def ask(task: int) -> Answers:
        label = tiny_stream.test_labels(task)
        return Answers(predict(tiny_stream.test_images(task, np.arange(len(label)))), label)

    nobody: Any = None
    method: Any = types.SimpleNamespace(
        parts=types.SimpleNamespace(
            config=types.SimpleNamespace(eval_batch_size=5),
            network=types.SimpleNamespace(seen_shape=lambda shape: shape),
        )
    )
    return Exam(1, tiny_stream, method, {}, predict, nobody, ask, nobody)


@pytest.fixture
def package(monkeypatch):
    """Fog of severity s blackens s of the first 4 quarters of the rows, 5 turns all upside down; snow does nothing."""

    def corrupt(image, severity, corruption_name, **own):
        if corruption_name == "fog" and severity < 5:
            image = image.copy()
            image[: 4 * severity] = 0
        return image[15::-1] if corruption_name == "fog" and severity == 5 else image

    monkeypatch.setitem(sys.modules, "imagecorruptions", types.SimpleNamespace(corrupt=corrupt))


def test_errors_are_shares_of_the_images_for_each_corruption_and_severity(exam, package):
    evaluator = Corruptions(names=("fog", "snow"), severities=(2, 3, 5), images=32)
    figures = evaluator.run(exam)
    assert figures["clean"] == 0 and figures["severities"] == [2, 3, 5]
    assert figures["by_severity"]["snow"] == [0, 0, 0]
    # Of the 4 classes, those whose rows are black are no longer told: at most one of them is guessed.
    two, three, turned = figures["by_severity"]["fog"]
    assert two == pytest.approx(0.5, abs=0.01) and three == pytest.approx(0.75, abs=0.01)
    assert turned == 1
    stream: Any = None
    summary = json.loads(json.dumps(evaluator.summarise({1: figures}, stream)))
    expected = (two + three + turned) / 6
    assert summary["mean_corruption_error"] == pytest.approx(expected)
    assert summary["mean_corruption_drop"] == pytest.approx(expected)
    assert {row.key for row in Corruptions.rows} <= set(summary)


def test_a_distributed_set_takes_the_place_of_the_package(exam, tmp_path, tiny_stream):
    images = np.concatenate([tiny_stream.test_images(task, np.arange(16)) for task in (0, 1)])
    label = np.concatenate([tiny_stream.test_labels(task) for task in (0, 1)])
    original = np.array(tiny_stream.class_order)[label]
    # Larger ones, for they are fitted; severities 3 to 5 are upside down.
    images = images.repeat(2, 1).repeat(2, 2)
    np.save(tmp_path / "fog.npy", np.concatenate([images] * 2 + [images[:, ::-1]] * 3))
    np.save(tmp_path / "labels.npy", np.tile(original, 5))
    evaluator = Corruptions(source=f"cifar_c:{tmp_path}", images=11)
    assert evaluator.run(exam) == {
        "clean": 0,
        "severities": list(SEVERITIES),
        "by_severity": {"fog": [0, 0, 1, 1, 1]},
    }
    evaluator.check(Config(), tiny_stream)
    with pytest.raises(ValueError, match=r"holds test images, but validation_fraction=0.2"):
        evaluator.check(Config(validation_fraction=0.2), tiny_stream)
    with pytest.raises(ValueError, match="lacks snow: it has fog"):
        dataclasses.replace(evaluator, names=("snow",)).check(Config(), tiny_stream)


def test_where_the_network_sees_a_part_distributed_images_are_shown_whole(exam):
    exam.method.parts.network.seen_shape = lambda shape: (12, 12, shape[2])
    own, other = (InMemory(np.zeros((2, side, side, 1), np.uint8)) for side in (16, 32))
    assert shown_shape(exam, own) == (16, 16, 1)
    assert shown_shape(exam, other) == (12, 12, 1)


def test_without_names_the_fifteen_of_the_benchmark_are_looked_at(exam, package):
    figures = Corruptions(images=4, severities=(1,)).run(exam)
    assert tuple(figures["by_severity"]) == COMMON and len(COMMON) == 15


def test_what_is_missing_is_told_before_anything_is_trained(monkeypatch, tiny_stream):
    monkeypatch.setitem(sys.modules, "imagecorruptions", None)
    evaluator = Corruptions()
    assert isinstance(evaluator, Demanding)
    with pytest.raises(ValueError, match="needs the package imagecorruptions-imaug"):
        evaluator.check(Config(), tiny_stream)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"names": ("rain",)}, "names='rain' is unknown: need some of gaussian_noise"),
        ({"severities": ()}, "severities=.. is impossible"),
        ({"severities": (6,)}, "numbers between 1 and 5"),
        ({"images": 0}, "at least 1"),
    ],
)
def test_impossible_settings_are_refused(settings, says):
    with pytest.raises(ValueError, match=says):
        Corruptions(**settings)
