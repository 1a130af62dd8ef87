"""Logits of new exemplars: as the network answers when a night is over, and left as they are afterwards."""

import numpy as np


def stored_logits(life, task: int) -> np.ndarray:
    return np.asarray(life.after[task, "keep_logits"].own["logits"])


def test_new_exemplars_have_the_logits_of_the_night_s_last_network(life_of):
    life = life_of("der_pp")
    for task in range(2):
        state = life.after[task, "keep"]
        index = life.method.layout.index(state.memory)
        new = np.asarray(index.stored & (index.task == task))
        assert new.any()
        images = state.memory.long_term.images.image
        params, batch_stats, seen = *state.encoder.evaluated, state.consolidation.seen_classes
        logits, _ = life.method.parts.network.predict(params, batch_stats, seen, images)
        expected = np.where(seen, logits, 0)[new]
        # As they are kept, in float16.
        np.testing.assert_allclose(stored_logits(life, task)[new], expected, rtol=2e-3, atol=1e-4)


def test_those_of_earlier_tasks_keep_theirs(life_of):
    life = life_of("der_pp")
    index = life.method.layout.index(life.after[1, "keep"].memory)
    old = np.asarray(index.stored & (index.task == 0))
    assert old.any()
    first, second = (stored_logits(life, task)[old] for task in range(2))
    np.testing.assert_array_equal(second, first)
    # Classes 2 and 3 were still to come.
    assert (second[:, 2:] == 0).all() and (second[:, :2] != 0).all()


def test_slots_are_gone_through_in_steps(life_of):
    life = life_of("der_pp")
    # 5 slots in steps of 6.
    assert life.phases["keep_logits"].num_steps(0) == 1
    assert life.method.layout.capacity == 5
