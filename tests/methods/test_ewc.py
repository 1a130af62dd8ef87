"""Elastic weight consolidation: what it holds, what it keeps and what it looks at."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.memory.budget import tree_bytes
from braincl_jax.sleep.consolidate import penalty


def test_the_first_night_is_free_and_the_second_is_held(life_of):
    life = life_of("ewc")
    assert float(life.metrics[0, "replay"]["penalty"]) == 0
    assert float(life.metrics[1, "replay"]["penalty"]) > 0
    before = life.after[0, "consolidate"].own["anchor"]
    expected = life.after[0, "replay"].encoder.params
    asked = life.after[0, "consolidate"].own["fisher"]
    for anchor, weight, fisher in zip(
        *map(jax.tree.leaves, (before, expected, asked)), strict=True
    ):
        np.testing.assert_allclose(anchor, np.where(fisher > 0, weight, 0), rtol=1e-4, atol=1e-6)


def test_its_objective_is_cross_entropy_and_penalty(life_of, shown):
    method, state = life_of("ewc").method, life_of("ewc").before[1, "replay"].state
    moved = jax.tree.map(lambda leaf: leaf + 0.1, state.encoder.params)
    losses, _ = method.objective(moved, shown(1), state, None)
    logits, _ = method.logits_of(moved, shown(1), state, None)
    plain = -jax.nn.log_softmax(logits)[jnp.arange(5), shown(1).label]
    held = method.strength * float(penalty(moved, **state.own))
    np.testing.assert_allclose(losses, plain + held, rtol=1e-5)
    assert held > 0


def test_fisher_and_anchor_are_all_it_keeps_and_are_on_the_bill(life_of):
    life = life_of("ewc")
    state = life.after[1, "consolidate"]
    bill = life.method.bill(state)
    assert bill["fisher"] == bill["anchor"] == tree_bytes(state.encoder.params)
    assert sum(bill.values()) == tree_bytes((state.own, state.memory.long_term))


@pytest.mark.parametrize(("images", "steps"), [(1, 1), (9, 2), (1000, 3)])
def test_it_looks_at_no_more_images_than_it_is_told(images, steps, short, short_stream):
    *_, replay, consolidate = short(f"ewc(fisher_images={images})").phases(short_stream)
    # A task has 20, in batches of 8.
    assert len(list(consolidate.batches(0))) == consolidate.num_steps(0) == steps
    assert "ewc's strength=10.0" in replay.driven_by
