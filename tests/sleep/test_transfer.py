"""Transfer: what is stored is what was in working memory, and no cue is mixed up on the way."""

import jax
import numpy as np
import pytest

from braincl_jax.memory import store


@pytest.fixture(scope="module")
def night(diary):
    """For each task: working memory before transfer, and the metrics and long-term memory after it."""
    tasks = range(diary.parts.spec.num_tasks)
    return [
        (
            diary.before[task, "transfer"].state.memory.working,
            diary.metrics[task, "transfer"],
            diary.after[task, "transfer"].memory.long_term,
        )
        for task in tasks
    ]


def test_every_slot_decodes_to_the_rounded_cue_of_its_source_with_its_label(night, diary):
    read = jax.jit(store.read_cues, static_argnums=3)
    first = 0
    for task, (working, metrics, long_term) in enumerate(night):
        source = np.asarray(metrics["source"])
        source = source[source >= 0]
        slots = np.arange(first, first + len(source))
        first += len(source)
        cues, intact = read(
            long_term, np.full(1, task), slots[None], diary.parts.codec.latent_shape
        )
        assert intact.all()
        np.testing.assert_array_equal(cues[0], np.round(working.cues[source]))
        np.testing.assert_array_equal(long_term.labels[slots], working.labels[source])


def test_no_image_is_stored_twice(night):
    for _, metrics, _ in night:
        source = np.asarray(metrics["source"])
        source = source[source >= 0]
        assert len(source) == int(metrics["stored"]) == len(set(source.tolist()))


def test_what_is_not_stored_is_counted_as_dropped(night):
    for working, metrics, _ in night:
        there = int((np.asarray(working.labels) >= 0).sum())
        assert int(metrics["stored"]) + int(metrics["dropped"]) == there


def test_the_slots_of_a_task_are_in_the_order_of_their_classes(night):
    labels = np.asarray(night[-1][2].labels)
    assert (np.diff(labels.astype(int)) >= 0).all()


def test_strings_of_earlier_tasks_stay_as_they_are(night):
    before, after = night[0][2], night[1][2]
    used = int(np.asarray(before.lengths, int).sum())
    np.testing.assert_array_equal(before.words[:used], after.words[:used])
    count = int(before.task_counts[0])
    np.testing.assert_array_equal(before.lengths[:count], after.lengths[:count])
