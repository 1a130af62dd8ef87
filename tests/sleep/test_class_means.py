"""Class means: the nearest of them, against scikit-learn; their sums over a memory."""

import jax.numpy as jnp
import numpy as np
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import normalize

from braincl_jax.sleep.class_means import nearest_mean_logits, normalised


def test_features_have_length_one_and_nothing_stays_nothing():
    found = normalised(jnp.array([[3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 0]])


def test_the_answer_is_the_nearest_mean():
    rng = np.random.default_rng(0)
    features = np.asarray(normalize(rng.normal(size=(60, 5)))).reshape(20, 3, 5)
    means = normalize(features.mean(0))
    asked = normalize(rng.normal(size=(40, 5)))
    nearest = KNeighborsClassifier(1).fit(means, [0, 1, 2])
    # Neither length of a feature nor number of exemplars matters.
    sums = features.sum(0) * np.array([[1], [2], [3]])
    logits = nearest_mean_logits(jnp.float32(7 * asked), jnp.float32(sums))
    np.testing.assert_array_equal(logits.argmax(-1), nearest.predict(asked))
    np.testing.assert_allclose(logits, -(euclidean_distances(asked, means) ** 2), atol=1e-5)


def test_a_class_without_exemplars_is_never_the_answer():
    logits = nearest_mean_logits(jnp.array([[-1.0, 0.0]]), jnp.array([[1.0, 0.0], [0.0, 0.0]]))
    np.testing.assert_allclose(logits, [[-4, -1e9]])


def test_sums_are_over_all_exemplars_of_a_class_and_begin_anew_every_night(life_of):
    life = life_of("icarl")
    state, network = life.after[1, "class_means"], life.method.parts.network
    # 8 exemplars in steps of 6: the last step has room for more than there are.
    assert life.phases["class_means"].num_steps(1) == 2
    images = state.memory.long_term.images
    features, _ = network.features(state.encoder.params, state.encoder.batch_stats, images.image)
    features = normalize(np.asarray(features))
    expected = [features[np.asarray(images.label) == label].sum(0) for label in range(4)]
    np.testing.assert_allclose(state.own["class_means"], expected, rtol=1e-4, atol=1e-6)
