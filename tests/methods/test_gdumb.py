"""GDumb: a new network, and the memory alone."""

import numpy as np

from braincl_jax.methods.gdumb import GDumb
from braincl_jax.methods.replay_raw import ReplayRaw


def test_it_has_the_exemplars_of_replay_raw_equally_many_of_each_class(life_of):
    life = life_of("gdumb")
    assert isinstance(life.method, GDumb)
    assert life.method.capacity == ReplayRaw(parts=life.method.parts).capacity == 8
    index = life.method.layout.index(life.after[1, "replay"].memory)
    stored = np.asarray(index.label)[np.asarray(index.stored)]
    # Asleep there is nothing else.
    assert np.bincount(stored).tolist() == [2, 2, 2, 2]


def test_its_bill_is_that_of_its_exemplars(life_of):
    life = life_of("gdumb")
    bill = life.method.bill(life.after[1, "replay"])
    assert sum(bill.values()) == life.method.parts.plan.budget_bytes
