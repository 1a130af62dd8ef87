"""OOD images: of which sources, of what shape, and what is refused before anything is trained."""

import dataclasses
import json
import types
from typing import Any

import numpy as np
import pytest
from PIL import Image

from braincl_jax.config import Config
from braincl_jax.evaluators import Exam
from braincl_jax.evaluators import out_of_distribution as module
from braincl_jax.evaluators.detection import Detection, detect
from braincl_jax.evaluators.nearest import unit
from braincl_jax.evaluators.out_of_distribution import OutOfDistribution


def brightness(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).mean(1).astype(np.float32)


@pytest.fixture
def exam(tiny_stream, monkeypatch) -> Exam:
    """Of one who is the surer the darker an image is; its memory is of (1, 0), and features are (dark, bright)."""
    monkeypatch.setattr(
        module, "remembered_features", lambda exam, most: unit(np.array([[1.0, 0]]))
    )

    def predict(images):
        logits = np.zeros((len(images), 4), np.float32)
        logits[:, 1] = (255 - brightness(images)) / 32
        return logits

    def features(images):
        bright = brightness(images)
        return np.stack([255 - bright, bright], 1)

    nobody: Any = None
    config = Config(eval_batch_size=5)
    method: Any = types.SimpleNamespace(parts=types.SimpleNamespace(config=config))
    return Exam(1, tiny_stream, method, {}, predict, features, nobody, nobody)


@pytest.fixture
def sources(tmp_path) -> tuple[str, str]:
    """Eight images of 8x8 pixels that are white, and nine pictures of any size that are black."""
    white, label = np.full((8, 8, 8), 255, np.uint8), np.arange(8) % 2
    arrays = {"x_train": white, "y_train": label, "x_test": white, "y_test": label}
    np.savez(tmp_path / "white.npz", allow_pickle=True, **arrays)
    for side in range(9, 18):
        Image.new("RGB", (side, 2 * side)).save(tmp_path / f"{side}.png")
    return f"npz:{tmp_path}/white.npz", f"images:{tmp_path}"


def test_each_source_is_told_by_each_score_with_ood_positive(exam, sources):
    evaluator = OutOfDistribution(sources=sources, images=7)
    figures = evaluator.run(exam)
    white, black = (figures[source] for source in sources)
    for score in ("max_softmax", "max_logit", "energy", "nearest"):
        assert [white[f"{score}_{name}"] for name in Detection._fields] == [1, 1, 1, 0]
        assert black[f"{score}_auroc"] == 0 and black[f"{score}_fpr_at_95_tpr"] == 1
    # Seven of each side are looked at.
    worst = detect(np.zeros(7), np.ones(7))
    assert black["max_logit_aupr_out"] == worst.aupr_out
    stream: Any = None
    summary = json.loads(json.dumps(evaluator.summarise({1: figures}, stream)))
    assert summary["ood_nearest_auroc"] == summary["ood_energy_fpr_at_95_tpr"] == 0.5
    assert summary["out_of_distribution"] == figures
    assert {row.key for row in OutOfDistribution.rows} <= set(summary)


def test_logits_of_classes_that_were_not_seen_do_not_count(exam, sources):
    exam.task = 0
    expected = OutOfDistribution(sources=sources[:1]).run(exam)
    predict = exam.predict

    def with_noise(images):
        logits = predict(images)
        logits[:, 2:] = 1e3 * brightness(images)[:, None]
        return logits

    exam = dataclasses.replace(exam, predict=with_noise)
    assert OutOfDistribution(sources=sources[:1]).run(exam) == expected


def test_who_remembers_nothing_has_no_nearest_features(exam, sources, monkeypatch):
    monkeypatch.setattr(module, "remembered_features", lambda exam, most: None)
    evaluator = OutOfDistribution(sources=sources[:1])
    figures = evaluator.run(exam)
    assert len(figures[sources[0]]) == 3 * len(Detection._fields)
    stream: Any = None
    summary = evaluator.summarise({1: figures}, stream)
    assert summary["ood_nearest_auroc"] is None and summary["ood_energy_auroc"] == 1


def test_images_are_prepared_as_those_of_the_stream_are(tmp_path):
    # A ramp from black to white: the shorter side becomes 8, and of 8 the middle 4.
    ramp = np.broadcast_to(np.linspace(0, 255, 16).astype(np.uint8)[None, :, None], (16, 16, 3))
    Image.fromarray(np.ascontiguousarray(ramp)).save(tmp_path / "ramp.png")
    whole = module.outside_images(f"images:{tmp_path}", Config(), (4, 4, 1)).take(np.array([0]))
    config = Config(resize_side=8, image_side=4)
    middle = module.outside_images(f"images:{tmp_path}", config, (4, 4, 1)).take(np.array([0]))
    assert np.ptp(whole.astype(int)) > 180 and 90 < np.ptp(middle.astype(int)) < 110


@pytest.mark.parametrize(
    ("sources", "says"),
    [
        ((), r"sources=\(\) is impossible: name at least one"),
        (("npz:/nowhere.npz",), "no such file"),
        (("mnist",), "unknown source"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_trained(sources, says, tiny_stream):
    with pytest.raises(ValueError, match=says):
        OutOfDistribution(sources=sources).check(Config(), tiny_stream)
