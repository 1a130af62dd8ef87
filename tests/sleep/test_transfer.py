"""Transfer: what is stored is what was in working memory, and no cue is mixed up on the way."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory import cue_strings
from braincl_jax.memory.block import store
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.policy import Planned
from braincl_jax.sleep import transfer


@pytest.fixture(scope="module")
def night(diary):
    """For each task: working memory before transfer, and the metrics and long-term memory after it."""
    tasks = range(diary.method.parts.spec.num_tasks)
    return [
        (
            diary.before[task, "transfer"].state.memory.working,
            diary.metrics[task, "transfer"],
            diary.after[task, "transfer"].memory.long_term,
        )
        for task in tasks
    ]


def stored_of(metrics):
    """The images of the task that are stored, in the order of their slots."""
    origin = np.asarray(metrics["origin"])
    return origin[origin >= 0]


def test_every_slot_decodes_to_the_cue_of_its_image_with_its_label(night, diary):
    format = diary.method.layout.format
    read = jax.jit(lambda memory, task, slot: cue_strings.read_cues(memory, format, task, slot))
    first = 0
    for task, (working, metrics, long_term) in enumerate(night):
        image = stored_of(metrics)
        slots = np.arange(first, first + len(image))
        first += len(image)
        found = read(long_term, np.full(1, task), slots[None])
        assert found.intact.all()
        np.testing.assert_array_equal(found.cues[0], working.cues[image])
        np.testing.assert_array_equal(
            store.index(long_term, format).label[slots], working.labels[image]
        )


@pytest.mark.parametrize("cues", [1, 7])
def test_the_size_of_chunks_changes_no_bit(diary, assert_same, monkeypatch, cues):
    state, _ = diary.before[1, "transfer"]
    latents = math.prod(diary.method.layout.codec.latent_shape)
    monkeypatch.setattr(transfer, "CHUNK_LATENTS", cues * latents + latents // 2)
    assert transfer.chunk_size(state.memory.working) == cues
    found = jax.jit(diary.method.transfer())(state, None)
    assert_same(found, (diary.after[1, "transfer"], diary.metrics[1, "transfer"]))


def test_latents_outside_the_window_of_the_table_are_counted_with_those_of_int8(diary):
    state, _ = diary.before[1, "transfer"]
    day = state.memory.working
    # 256 values of a channel: one too many.
    cues = day.cues.at[0, 0, 0, 2].set(-128).at[1, 0, 0, 2].set(127).at[3, 1, 0, 2].set(127)
    day = day.replace(cues=cues, clipped=jnp.int32(5))
    state = state.replace(memory=state.memory.replace(working=day))
    new, metrics = diary.steps["transfer"](state, None)
    assert int(metrics["clipped"]) == 7
    assert int(new.memory.working.clipped) == 0


def test_the_tradeoff_outlives_working_memory(diary):
    for task, later in ((0, (0, "transfer")), (0, (1, "start")), (1, (1, "transfer"))):
        trained = diary.after[task, "encode"].memory.working.log_tradeoff
        assert diary.after[later].memory.working.log_tradeoff == trained
    first, second = (diary.after[task, "encode"].memory.working.log_tradeoff for task in (0, 1))
    assert first != second


def test_a_latent_takes_a_byte_in_working_memory(diary):
    number = diary.method.parts.spec.max_task_size
    latents = number * math.prod(diary.method.layout.codec.latent_shape)
    working = jax.eval_shape(diary.method.layout.init, jax.random.key(0)).working
    assert tree_bytes(working.cues) == latents
    # Apart from them and the labels, nothing is as large as the task.
    assert all(
        leaf.shape[:1] != (number,) for leaf in jax.tree.leaves((working.codec, working.codec_opt))
    )


def test_no_image_is_stored_twice(night):
    for _, metrics, _ in night:
        image = stored_of(metrics)
        assert len(image) == int(metrics["stored"]) == len(set(image.tolist()))


def test_origins_are_older_slots_then_new_images_then_nothing(night):
    before = 0
    for _, metrics, _ in night:
        stored, origin = int(metrics["stored"]), np.asarray(metrics["origin"])
        # Nothing is evicted by the planned policy: slot s was slot s, which is written -2 - s.
        assert int(metrics["evicted"]) == 0
        np.testing.assert_array_equal(origin[:before], -2 - np.arange(before))
        assert (origin[before : before + stored] >= 0).all()
        assert (origin[before + stored :] == -1).all()
        before += stored


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (9, [1, 1, 1, 1, 1, 0, 1]),
        # Two of class 2 and one each of the others.
        (4, [1, 1, 1, 0, 1, 0, 0]),
        (2, [0, 0, 1, 0, 1, 0, 0]),
        (0, [0, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_where_slots_run_out_every_class_keeps_its_share(most, expected):
    label = jnp.array([2, 2, 0, 2, 1, 0, 2])
    added = jnp.array([1, 1, 1, 1, 1, 0, 1], bool)
    found = transfer.first_of_classes(label, added, jnp.int32(most))
    assert found.astype(int).tolist() == expected


def test_origins_by_hand():
    # Slots 0..5, of which 1, 2 and 4 stay. Of four images, 3 and 0 are stored, in this order.
    choice = transfer.Choice(
        kept=jnp.array([False, True, True, False, True, False]),
        order=jnp.array([3, 0, 1, 2]),
        count=jnp.int32(2),
        excess=jnp.int32(0),
    )
    origin = transfer.origins(choice, jnp.arange(4) < 2)
    np.testing.assert_array_equal(origin, [-3, -4, -6, 3, 0, -1])


class KeepsAll(Planned):
    """A policy that cannot count."""

    def keep(self, key, candidates, funds, allowance):
        return jnp.ones_like(candidates.valid)


def test_what_a_policy_keeps_beyond_the_block_is_counted(diary):
    method = diary.method
    working = diary.before[1, "transfer"].state.memory.working
    memory = diary.before[1, "transfer"].state.memory
    lengths = jnp.full((len(working.labels), method.layout.format.lanes), 100)
    there = jnp.arange(len(working.labels)) < 40
    layout = dataclasses.replace(method.layout, policy=KeepsAll())
    old = store.read_entries(memory.long_term, layout.format)
    arguments = (memory, jnp.int32(1), lengths, working.labels, there, jax.random.key(0))
    choice = transfer.choose(layout, *arguments)
    # Old strings and 40 new ones, each with an entry of one word; nothing that is not there counts.
    words = int(old.lengths.sum()) + int(old.stored.sum()) + 40 * 101
    room = layout.format.num_words - 2 * layout.format.record_words
    assert int(choice.excess) == words - room > 0
    assert int(choice.count) <= 40
    # One that can count keeps no more than there is room for.
    assert int(transfer.choose(method.layout, *arguments).excess) <= 0


def test_what_is_not_stored_is_counted_as_dropped(night):
    for working, metrics, _ in night:
        there = int((np.asarray(working.labels) >= 0).sum())
        assert int(metrics["stored"]) + int(metrics["dropped"]) == there


def test_the_slots_of_a_task_are_in_the_order_of_their_classes(night, diary):
    index = store.index(night[-1][2], diary.method.layout.format)
    labels = np.asarray(index.label)[np.asarray(index.stored)]
    assert len(labels) == sum(int(metrics["stored"]) for _, metrics, _ in night)
    assert (np.diff(labels) >= 0).all()


def test_strings_entries_and_records_of_earlier_tasks_stay_as_they_are(night, diary):
    format = diary.method.layout.format
    before, after = night[0][2], night[1][2]
    used = int(store.used_words(before, format))
    np.testing.assert_array_equal(before.words[:used], after.words[:used])
    old, new = store.read_entries(before, format), store.read_entries(after, format)
    count = int(before.task_counts[0])
    np.testing.assert_array_equal(old.lengths[:count], new.lengths[:count])
    np.testing.assert_array_equal(old.label[:count], new.label[:count])
    record = format.record_words
    np.testing.assert_array_equal(before.words[-record:], after.words[-record:])
    assert int(after.num_records) == 2


def test_bytes_of_more_words_than_int32_counts_bytes_of_are_told():
    assert int(transfer.bytes_of(jnp.int32(2**31 - 1))) == 2**32 - 2


def test_the_free_bytes_are_those_of_the_bill(night, diary):
    for _, metrics, long_term in night:
        bill = store.memory_bytes(long_term, diary.method.layout.format)
        assert int(metrics["free_bytes"]) == bill["free"]
