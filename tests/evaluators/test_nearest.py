"""Nearest features: scikit-learn's distances, and whose features are looked among."""

import types
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from braincl_jax.evaluators import Exam
from braincl_jax.evaluators import nearest as module
from braincl_jax.evaluators.nearest import nearest, remembered_features, unit
from braincl_jax.types import Index, Recalled


@pytest.mark.parametrize("neighbours", [1, 5, 30])
@pytest.mark.parametrize("chunk", [7, 1000])
def test_the_score_is_scikit_learns_distance_to_the_kth_neighbour(neighbours, chunk, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", chunk)
    rng = np.random.default_rng(neighbours)
    known, asked = rng.normal(0, 3, (30, 6)), rng.normal(0, 1, (20, 6)).astype(np.float32)
    search = NearestNeighbors(n_neighbors=neighbours).fit(normalize(known))
    expected, _ = search.kneighbors(normalize(asked))
    np.testing.assert_allclose(nearest(unit(known), asked, neighbours), -expected[:, -1], atol=1e-6)


def test_by_hand():
    known = unit(np.array([[2.0, 0], [0, 5], [-1, 0]]))
    asked = np.array([[7.0, 0], [0, 0.1]])
    np.testing.assert_allclose(nearest(known, asked, 1), [0, 0], atol=1e-7)
    np.testing.assert_allclose(nearest(known, asked, 2), [-np.sqrt(2)] * 2)
    np.testing.assert_allclose(nearest(known, asked, 3), [-2, -np.sqrt(2)])
    # Where there are fewer, the farthest one counts; and who has no features is nobody's neighbour.
    np.testing.assert_allclose(nearest(known, asked, 99), [-2, -np.sqrt(2)])
    assert np.isfinite(nearest(known, np.zeros((1, 2)), 1)).all()


class Layout:
    """Six slots, of which 1, 2, 4 and 5 are in use; a slot recalls a pixel of 10 times its number."""

    stored = np.array([0, 1, 1, 0, 1, 1], bool)

    def index(self, memory) -> Index:
        task = jnp.array([9, 0, 0, 9, 0, 1])
        return Index(label=task, task=task, stored=jnp.asarray(self.stored))

    def read(self, memory, task, slot):
        return task

    def complete(self, memory, task, slot, read) -> Recalled:
        image = jnp.stack([10 * slot, jnp.broadcast_to(read[:, None], slot.shape)], -1)
        image = image[..., None, None, :].astype(jnp.uint8)
        return Recalled(image, slot, jnp.ones(slot.shape, bool))


def exam_with(layout) -> Exam:
    nobody: Any = None
    method: Any = types.SimpleNamespace(layout=layout)

    def features(images):
        return images.reshape(len(images), -1).astype(np.float32)

    def fetch() -> Any:
        return types.SimpleNamespace(memory=jnp.zeros(1))

    return Exam(0, nobody, method, {}, nobody, features, nobody, fetch)


@pytest.mark.parametrize(("most", "slots"), [(9, [1, 2, 4, 5]), (2, [1, 5]), (1, [1])])
def test_features_are_of_what_is_recalled_from_slots_in_use_by_their_own_task(most, slots):
    pixels = np.array([[10 * slot, slot == 5] for slot in slots], np.float64)
    expected = pixels / np.linalg.norm(pixels, axis=1, keepdims=True)
    known = remembered_features(exam_with(Layout()), most)
    assert known is not None
    np.testing.assert_allclose(known, expected, atol=1e-7)


def test_who_remembers_nothing_has_no_such_features():
    layout = Layout()
    layout.stored = np.zeros(6, bool)
    assert remembered_features(exam_with(layout), 9) is None
