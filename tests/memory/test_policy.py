"""What a new task may take of the budget, and what has to go."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from braincl_jax.memory import policy
from braincl_jax.memory.policy import Candidates, Funds
from braincl_jax.registry import POLICIES

NUMBER, RECORD = 24, 7
SIZES = jnp.array([40, 30, 50])


def funds(total, free, task, record=50, sizes=SIZES):
    return Funds(total, jnp.int32(free), record, jnp.int32(task), sizes)


def allowances(name, tasks):
    allowance = jax.jit(POLICIES.build(name).allowance)
    return [int(allowance(funds(1000, free, task))) for task, free in tasks]


def test_the_planned_share_is_that_of_the_images_to_come():
    # (1000 - 3 * 50) * 40 / 120 = 283.3; (667 - 2 * 50) * 30 / 80 = 212.6; 300 - 50.
    assert allowances("planned", [(0, 1000), (1, 667), (2, 300)]) == [283, 212, 250]


def test_the_last_planned_task_gets_all_that_is_left_to_the_last_word():
    # 2^25 + 1 is no float32: it would be rounded down by one.
    assert int(policy.planned_allowance(funds(0, 33_554_433 + 50, 2))) == 33_554_433


def test_the_open_ended_share_is_that_of_as_many_images_again_as_were_seen():
    # (1000 - 50) * 40 / 80 = 475; (1000 - 100) * 30 / 140 = 192.9; (1000 - 150) * 50 / 240 = 177.1.
    assert allowances("open_ended", [(0, 1000), (1, 475), (2, 250)]) == [475, 192, 177]


def test_the_open_ended_share_knows_neither_what_is_free_nor_what_is_to_come():
    share = jax.jit(POLICIES.build("open_ended").allowance)
    later = jnp.array([40, 30, 9999])
    assert int(share(funds(1000, 3, 1, sizes=later))) == int(share(funds(1000, 900, 1))) == 192


def test_a_share_of_the_images_is_wanted():
    sizes = jnp.array([40, 30])
    for name, wanted in (("planned", 40), ("planned(remembered=0.25)", 10), ("open_ended", 40)):
        assert float(POLICIES.build(name).wanted(sizes[0])) == wanted


class Case(NamedTuple):
    """Candidates, the room that the old ones leave, and the seed of the policy's key."""

    label: np.ndarray
    words: np.ndarray
    new: np.ndarray
    valid: np.ndarray
    total: int
    task: int
    allowance: int
    seed: int

    @property
    def task_of_cue(self) -> np.ndarray:
        """That of its class, for no class recurs."""
        return self.label // 2

    @property
    def room(self) -> int:
        """Words without the records of this task and those before."""
        return self.total - (self.task + 1) * RECORD


@st.composite
def cases(draw):
    """Blocks in which what is stored fits beside the records, and any number of new cues."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    label = rng.integers(0, draw(st.integers(1, 6)), NUMBER)
    words = rng.integers(1, draw(st.integers(2, 40)), NUMBER)
    new = rng.random(NUMBER) < draw(st.sampled_from([0.2, 0.5, 1.0]))
    valid = rng.random(NUMBER) < draw(st.sampled_from([0.5, 1.0]))
    task = draw(st.integers(0, 2))
    left = draw(st.integers(0, 500))
    total = int(words[valid & ~new].sum()) + (task + 1) * RECORD + left
    allowance, seed = draw(st.integers(0, left)), draw(st.integers(0, 99))
    return Case(label, words, new, valid, total, task, allowance, seed)


def decide(name):
    keep = POLICIES.build(name).keep

    @jax.jit
    def compiled(seed, candidates, total, task, allowance):
        given = Funds(total, jnp.int32(-1), RECORD, task, SIZES)
        return keep(jax.random.key(seed), candidates, given, allowance)

    def run(case, seed=None, total=None) -> np.ndarray:
        candidates = Candidates(case.label, case.task_of_cue, case.words, case.new, case.valid)
        chosen = case.seed if seed is None else seed
        whole = case.total if total is None else total
        return np.asarray(compiled(chosen, candidates, whole, case.task, case.allowance))

    return run


planned, open_ended = decide("planned"), decide("open_ended")


@given(cases())
@settings(max_examples=60, deadline=None)
def test_planned_drops_nothing_that_is_stored_and_takes_no_more_than_its_allowance(case):
    kept = planned(case)
    old = case.valid & ~case.new
    np.testing.assert_array_equal(kept & ~case.new, old)
    assert not (kept & ~case.valid).any()
    added = kept & case.new
    assert case.words[added].sum() <= case.allowance
    assert case.words[kept].sum() <= case.room
    # The next one did not fit.
    left_out = case.valid & case.new & ~kept
    if left_out.any():
        assert case.words[added].sum() + case.words[left_out].max() > case.allowance


@given(cases())
@settings(max_examples=60, deadline=None)
def test_planned_takes_equally_many_new_cues_of_each_class_as_far_as_there_are(case):
    added = planned(case) & case.new
    offered = case.valid & case.new
    taken, available = (np.bincount(case.label[mask], minlength=6) for mask in (added, offered))
    assert ((taken >= taken.max() - 1) | (taken == available)).all()


def test_planned_by_hand():
    # Stored: 3 cues. New: 4 of class 1 and 2 of class 2, all of 5 words; 27 words pay for 5.
    label = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])
    new = np.arange(9) >= 3
    case = Case(label, np.full(9, 5), new, np.ones(9, bool), 100, 0, 27, 0)
    kept = planned(case)
    assert np.bincount(label[kept]).tolist() == [3, 3, 2]


@given(cases())
@settings(max_examples=60, deadline=None)
def test_open_ended_drops_nothing_while_there_is_room(case):
    needed = int(case.words[case.valid].sum()) + (case.task + 1) * RECORD
    np.testing.assert_array_equal(open_ended(case, total=needed), case.valid)
    np.testing.assert_array_equal(open_ended(case, total=needed + 100), case.valid)
    if case.valid.any():
        assert (open_ended(case, total=needed - 1) & case.valid).sum() < case.valid.sum()


@given(cases())
@settings(max_examples=60, deadline=None)
def test_open_ended_takes_no_more_than_there_is_and_wastes_less_than_a_cue(case):
    kept = open_ended(case)
    assert not (kept & ~case.valid).any()
    spent = case.words[kept].sum()
    assert spent <= case.room
    left_out = case.valid & ~kept
    if left_out.any():
        assert spent + case.words[left_out].max() > case.room


@given(cases())
@settings(max_examples=60, deadline=None)
def test_open_ended_leaves_every_class_with_the_same_words_to_within_a_cue(case):
    kept = open_ended(case)
    left_out = case.valid & ~kept
    spent = np.bincount(case.label[kept], case.words[kept], minlength=6)
    for label in np.unique(case.label[left_out]):
        assert spent[label] + case.words[left_out & (case.label == label)].max() >= spent.max()


def test_open_ended_by_hand():
    # 5 old cues of 6 words and 8 new ones of 3, in turns: 3, 6, 6, 9, 12, 12, 15, 18, 18, 21 | 24, 24, 30 words
    # of their class with them. Before the line they take 18 + 21 = 39; another 3 or 6 are more than 48 - 7 = 41.
    label = np.repeat([0, 1], (5, 8))
    words = np.repeat([6, 3], (5, 8))
    case = Case(label, words, label == 1, np.ones(13, bool), 48, 0, 0, 0)
    kept = open_ended(case)
    assert np.bincount(label[kept]).tolist() == [3, 7]
    # With 51, both that bring their class to 24 fit, and the last of class 0 (54 in all) does not.
    assert np.bincount(label[open_ended(case, total=58)]).tolist() == [4, 8]


def test_the_key_decides_which_cues_of_a_class_go():
    label = np.zeros(12, int)
    case = Case(label, np.full(12, 4), label == 1, np.ones(12, bool), 31, 0, 0, 0)
    kept = [open_ended(case, seed) for seed in range(20)]
    assert {int(mask.sum()) for mask in kept} == {6}
    np.testing.assert_array_equal(kept[0], open_ended(case, 0))
    # Nobody is safe, and nobody is lost from the start.
    assert ((np.sum(kept, 0) > 0) & (np.sum(kept, 0) < 20)).all()


def test_the_policies_that_a_config_may_name():
    # Others may have registered more: the examples do.
    assert {"open_ended", "planned"} <= set(POLICIES.names())


def test_open_ended_leaves_every_task_of_a_class_that_recurs_with_the_same_words():
    # One class: 6 old cues of task 0, 6 of task 1 and 24 new ones of task 2, 2 words each; 36 words are left.
    task = np.repeat([0, 1, 2], (6, 6, 24))
    label, words = np.zeros(36, int), np.full(36, 2)
    given = Candidates(*map(jnp.asarray, (label, task, words, task == 2, words > 0)))
    keep = POLICIES.build("open_ended").keep
    for seed in range(5):
        kept = keep(jax.random.key(seed), given, funds(36 + 3 * 50, 0, 2), jnp.int32(0))
        assert np.bincount(task[np.asarray(kept)]).tolist() == [6, 6, 6]
