"""Herded exemplars: the images that the night's own features choose, equally many of each class."""

import jax
import numpy as np


def stored(diary, task: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels [S, ...] and labels [S] after a task."""
    images = diary.after[task, "keep"].memory.long_term.images
    return np.asarray(images.image).reshape(31, -1), np.asarray(images.label)


def test_exemplars_are_chosen_when_the_night_has_ended(diary_of):
    phases = diary_of("replay_herding").phases
    assert list(phases) == ["start", "classify", "transfer", "replay", "look", "choose", "keep"]
    assert [phases[name].asleep for name in ("look", "choose", "keep")] == [True] * 3
    assert diary_of("replay_herding").traces == dict.fromkeys(phases, 1)


def test_equally_many_of_each_class_are_kept_and_those_that_stay_keep_their_slots(diary_of):
    diary = diary_of("replay_herding")
    (before, _), (after, label) = (stored(diary, task) for task in (0, 1))
    assert np.bincount(label, minlength=4).tolist() == [8, 8, 8, 7]
    np.testing.assert_array_equal((before == after).all(1), label < 2)


def test_each_is_the_one_that_brings_the_mean_closest_by_the_features_of_the_night(
    diary_of, tiny_stream
):
    diary = diary_of("replay_herding")
    state, network = diary.after[0, "replay"], diary.method.parts.network
    images, labels = tiny_stream.train_images(0, np.arange(48)), tiny_stream.train_labels(0)
    features, _ = jax.jit(network.features)(state.encoder.params, state.encoder.batch_stats, images)
    features = np.asarray(features) / np.linalg.norm(features, axis=1, keepdims=True)
    pixels, label = stored(diary, 0)
    for one in (0, 1):
        of_class = np.flatnonzero(labels == one)
        mean, chosen = features[of_class].mean(0), []
        # The first task fills the slots of a class in the order of choice.
        for image in pixels[label == one]:
            (place,) = np.flatnonzero((images.reshape(48, -1) == image).all(1))
            left = np.setdiff1d(of_class, chosen)
            assert place in left
            means = (features[chosen].sum(0) + features[left]) / (len(chosen) + 1)
            off = np.linalg.norm(means - mean, axis=1)
            # Of two that are as good but for rounding, either may be chosen.
            assert off[left == place] <= off.min() + 1e-6
            chosen.append(place)
        assert len(chosen) == (16, 15)[one]


def test_a_night_has_the_exemplars_of_the_tasks_before_it_as_they_were(diary_of):
    diary = diary_of("replay_herding")
    _, label = stored(diary, 0)
    shown = set()
    for step in range(4):
        (_, slot, _), came_in = diary.phases["replay"].batch_at(1, step)
        held = slot >= 0
        np.testing.assert_array_equal(came_in.label[held], label[slot[held]])
        shown |= set(slot[held].tolist())
    # Slots that the new task will take are in use.
    assert max(shown) > 15
    assert all((diary.phases["replay"].batch_at(0, step).draw.slot == -1).all() for step in (0, 3))
