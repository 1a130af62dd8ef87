"""An open-ended life in a budget that is soon spent: old cues make room, and those that stay are as they were."""

import dataclasses
import itertools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.build import build_method, init_brain
from braincl_jax.data import Dataset, TaskStream
from braincl_jax.memory import cue_strings
from braincl_jax.memory.block import store
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.methods.braincl import follow
from braincl_jax.parts import recall

TASKS, PER_CLASS, SIDE = 4, 40, 12
# What fills the memory; the network is not asked.
NEEDED = ("start", "encode", "memorise", "transfer")


class Night(NamedTuple):
    """After one transfer.

    Attributes:
        memory: the memory.
        metrics: of the transfer.
        working: the working memory before it.
        sources: task and image behind each slot.
        image: what each slot recalls, uint8 [S, H, W, C].
        intact: bool [S].
        label: int32 [S].
    """

    memory: Any
    metrics: dict
    working: Any
    sources: np.ndarray
    image: np.ndarray
    intact: np.ndarray
    label: np.ndarray


@pytest.fixture(scope="module")
def life(tiny_config):
    """The layout of the memory, and its nights."""
    rng = np.random.default_rng(0)
    label = np.arange(2 * TASKS * PER_CLASS) % (2 * TASKS)
    image = rng.integers(0, 256, (len(label), SIDE, SIDE, 1), np.uint8)
    stream = TaskStream.create(
        Dataset.of_arrays(image, label, image[:8], label[:8]), num_tasks=TASKS
    )
    config = dataclasses.replace(
        tiny_config, num_tasks=TASKS, budget_policy="open_ended", budget_bytes=9_000
    )
    method = build_method(config, stream.spec)
    layout = method.layout
    assert isinstance(layout, CueLayout)
    state = jax.jit(lambda key: init_brain(method, key))(jax.random.key(0))
    steps = {phase: jax.jit(phase) for phase in method.phases(stream) if phase.name in NEEDED}
    slots = jnp.arange(layout.format.num_slots)

    @jax.jit
    def recall_all(memory):
        # Every slot with every task's decoder; of these, its own task's.
        recalled = recall(layout, memory, jnp.arange(TASKS), jnp.tile(slots, (TASKS, 1)))
        own = jnp.minimum(layout.index(memory).task, TASKS - 1)
        return recalled.image[own, slots], recalled.intact[own, slots], recalled.label[0]

    nights, sources = [], np.zeros((0, 2), np.int32)
    for task in range(TASKS):
        metrics, before = {}, state
        for phase, step in steps.items():
            for batch in phase.batches(task):
                before = state
                state, metrics = step(state, batch)
        sources = follow(sources, np.asarray(metrics["origin"]), task)
        recalled = jax.device_get(recall_all(state.memory))
        nights.append(Night(state.memory, metrics, before.memory.working, sources, *recalled))
    return layout, nights


def test_the_memory_weighs_its_budget_after_every_task_and_its_bill_says_so(life):
    layout, nights = life
    for night in nights:
        bill = layout.bill(night.memory)
        assert sum(bill.values()) == tree_bytes(night.memory.long_term) == 9_000
        assert min(bill.values()) >= 0


def test_the_first_task_leaves_room_and_later_ones_leave_none(life):
    layout, nights = life
    free = [layout.bill(night.memory)["free"] for night in nights]
    assert free[0] > 0.2 * 9_000
    assert free[-1] <= 0.05 * 9_000


def test_less_is_free_than_the_longest_cue_takes_as_soon_as_one_found_no_room(life):
    layout, nights = life
    format = layout.format
    for night in nights:
        if int(night.metrics["dropped"]) or int(night.metrics["evicted"]):
            assert int(store.free_words(night.memory.long_term, format)) < (
                format.max_words + format.entry_words
            )


def test_old_cues_make_room(life):
    _, nights = life
    evicted = [int(night.metrics["evicted"]) for night in nights]
    assert evicted[0] == 0
    assert evicted[-1] > 0
    counts = np.array([night.memory.long_term.task_counts for night in nights])
    for before, after, night in zip(counts, counts[1:], nights[1:], strict=False):
        assert (after[before > 0] <= before[before > 0]).all()
        assert (before[before > 0] - after[before > 0]).sum() == night.metrics["evicted"]
    assert (counts[-1] > 0).all()


def test_no_class_has_more_words_than_another_but_for_a_cue(life):
    layout, nights = life
    format = layout.format
    label, lengths, stored = jax.device_get(store.read_entries(nights[-1].memory.long_term, format))
    words = lengths.sum(-1) + format.entry_words
    spent = np.bincount(label[stored], words[stored], minlength=2 * TASKS)
    number = np.bincount(label[stored], minlength=2 * TASKS)
    for one in range(2 * TASKS):
        if number[one] < PER_CLASS:
            assert spent.max() - spent[one] <= format.max_words + format.entry_words


def test_every_slot_is_intact_and_has_the_label_of_its_image(life, tiny_config):
    _, nights = life
    labels = {}
    for task, night in enumerate(nights):
        labels[task] = np.asarray(night.working.labels)
        number = len(night.sources)
        assert number == int(night.memory.long_term.task_counts.sum())
        assert night.intact[:number].all()
        expected = [labels[of_task][image] for of_task, image in night.sources]
        np.testing.assert_array_equal(night.label[:number], expected)
        # No image is there twice.
        assert len(np.unique(night.sources, axis=0)) == number


def test_cues_decode_to_those_of_the_day_on_which_they_were_made(life):
    layout, nights = life
    read = jax.jit(lambda *given: cue_strings.read_cues(given[0], layout.format, *given[1:]).cues)
    last = nights[-1]
    for task in range(TASKS):
        slots = np.flatnonzero(last.sources[:, 0] == task)
        padded = np.resize(slots, PER_CLASS * 2)
        cues = read(last.memory.long_term, np.array([task]), padded[None])[0]
        made = np.round(nights[task].working.cues)[last.sources[padded, 1]]
        np.testing.assert_array_equal(cues, made)


def test_survivors_recall_what_they_recalled_bit_for_bit(life):
    _, nights = life
    survivors = 0
    for before, after in itertools.pairwise(nights):
        seen = {tuple(source): before.image[slot] for slot, source in enumerate(before.sources)}
        for slot, source in enumerate(after.sources):
            if tuple(source) in seen:
                survivors += 1
                np.testing.assert_array_equal(after.image[slot], seen[tuple(source)])
    assert survivors > 50


def test_records_are_never_rewritten(life):
    layout, nights = life
    for task, night in enumerate(nights):
        words = (task + 1) * layout.format.record_words
        for later in nights[task:]:
            np.testing.assert_array_equal(
                later.memory.long_term.words[-words:], night.memory.long_term.words[-words:]
            )
