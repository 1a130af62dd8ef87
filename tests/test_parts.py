"""Recall is reading and completing, compiled once for each layout."""

import dataclasses
from typing import Any

import jax.numpy as jnp

from braincl_jax.parts import compiled_recall, recall
from braincl_jax.types import Recalled

TASK, SLOT = jnp.array([1, 0]), jnp.array([[2, 3], [0, 1]])


@dataclasses.dataclass(eq=False)
class Layout:
    """Reads ten times the memory and completes it with task and slot."""

    traces: int = 0

    def read(self, memory, task, slot):
        self.traces += 1
        return 10 * memory

    def complete(self, memory, task, slot, read) -> Recalled:
        image = read + memory + 100 * task[:, None] + slot
        return Recalled(image, slot, slot >= 0)


def test_recall_completes_what_it_reads():
    layout: Any = Layout()
    recalled = recall(layout, jnp.array(5), TASK, SLOT)  # pyright: ignore
    # 50 + 5 + 100 task + slot.
    assert recalled.image.tolist() == [[157, 158], [55, 56]]


def test_compiled_recall_is_traced_once_for_a_layout_and_knows_layouts_apart():
    one, other = Layout(), Layout()
    layouts: list[Any] = [one, one, other]
    for layout in layouts:
        recalled = compiled_recall(layout, jnp.array(5), TASK, SLOT)
        assert recalled.image.tolist() == [[157, 158], [55, 56]]
    assert (one.traces, other.traces) == (1, 1)
