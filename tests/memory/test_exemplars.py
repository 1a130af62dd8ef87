"""Raw images as memory: what the slots hold, what comes in beside them, and what they weigh."""

import jax
import jax.numpy as jnp
import pytest

from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.exemplars import CameIn, ExemplarLayout, exemplars_for, image_bytes
from braincl_jax.types import StreamSpec

# 3 tasks of 2 classes with 5 and 3 images, of one pixel.
SPEC = StreamSpec.of_equal_tasks((1, 1, 1), num_classes=6, task_sizes=(8, 8, 8))
RECURRING = StreamSpec((1, 1, 1), 2, 3, (12, 12, 12), ((0, 1),) * 3)


def filled(layout: ExemplarLayout, label: list[int], task: list[int] | None = None):
    """A memory whose first slots hold images with these labels; the pixel is ten times the slot."""
    memory = layout.init(jax.random.key(0))
    images, number = memory.long_term.images, len(label)
    pixels = 10 * jnp.arange(number, dtype=jnp.uint8).reshape(-1, 1, 1, 1)
    images = images.replace(
        image=images.image.at[:number].set(pixels),
        label=images.label.at[:number].set(jnp.array(label, jnp.uint8)),
        task=None if task is None else images.task.at[:number].set(jnp.array(task, jnp.uint8)),
    )
    stored = memory.long_term.replace(images=images, count=jnp.int32(number))
    return memory.replace(long_term=stored)


def test_slots_in_use_have_their_labels_and_the_task_that_these_tell():
    layout = ExemplarLayout(SPEC, 4)
    index = layout.index(filled(layout, [5, 0, 3]))
    assert index.stored.tolist() == [True] * 3 + [False]
    assert index.label[:3].tolist() == [5, 0, 3]
    assert index.task[:3].tolist() == [2, 0, 1]


def test_where_classes_recur_the_task_is_stored():
    layout = ExemplarLayout(RECURRING, 3)
    index = layout.index(filled(layout, [1, 1, 0], [2, 0, 1]))
    assert index.task.tolist() == [2, 0, 1]
    assert not layout.index(layout.init(jax.random.key(0))).stored.any()


def test_slots_recall_what_they_hold():
    layout = ExemplarLayout(SPEC, 4)
    memory = filled(layout, [5, 0, 3])
    recalled = layout.complete(memory, jnp.zeros(2, int), jnp.array([[2, 0], [1, 1]]), None)
    assert recalled.image[..., 0, 0, 0].tolist() == [[20, 0], [10, 10]]
    assert recalled.label.tolist() == [[3, 5], [0, 0]]
    assert recalled.intact.all()


@pytest.mark.parametrize("capacity", [0, 4])
def test_what_came_in_is_shown_where_no_slot_is(capacity):
    layout = ExemplarLayout(SPEC, capacity)
    memory = filled(layout, [5, 0, 3][:capacity])
    slot = jnp.array([[2, -1], [-1, -1]]) if capacity else jnp.full((2, 2), -1)
    image = jnp.array([[0, 7], [8, 9]], jnp.uint8).reshape(2, 2, 1, 1, 1)
    came_in = CameIn(image, jnp.array([[0, 4], [4, 1]]))
    recalled = layout.complete(memory, jnp.zeros(2, int), slot, came_in)
    stored = (20, 3) if capacity else (0, 0)
    assert recalled.image[..., 0, 0, 0].tolist() == [[stored[0], 7], [8, 9]]
    assert recalled.label.tolist() == [[stored[1], 4], [4, 1]]
    assert recalled.intact.all()


def test_a_new_task_leaves_the_memory_as_it_is():
    layout = ExemplarLayout(SPEC, 4)
    memory = filled(layout, [5, 0, 3])
    assert layout.open_working(memory, jnp.int32(1), jax.random.key(0)) is memory
    assert memory.working is None


@pytest.mark.parametrize("capacity", [0, 12])
def test_the_bill_is_the_bytes_of_the_arrays(capacity):
    layout = ExemplarLayout(SPEC, capacity)
    memory = layout.init(jax.random.key(0))
    # A pixel and a one-byte label each, and a count of four bytes.
    bill = layout.bill(memory)
    assert bill == {"strings": capacity, "index": 4, "labels": capacity, "decoders": 0, "tables": 0}
    assert sum(bill.values()) == tree_bytes(memory)
    assert layout.num_stored(memory) == 0


def test_an_image_weighs_its_pixels_its_label_and_the_task_if_that_does_not_tell_it():
    assert image_bytes(SPEC._replace(image_shape=(4, 3, 2))) == (24, 1)
    assert image_bytes(RECURRING) == (1, 2)


def test_a_budget_pays_for_images_with_label_and_count():
    # 12 * (1 + 1) + 4 = 28 bytes.
    assert exemplars_for(28, SPEC) == 12
    assert exemplars_for(27, SPEC) == 11
    assert exemplars_for(10**6, SPEC) == SPEC.num_images


def test_a_budget_for_less_than_an_image_a_class_is_refused_with_the_least_that_will_do():
    with pytest.raises(ValueError, match=r"budget_bytes=15 pays for 5 exemplars .* at least 16"):
        exemplars_for(15, SPEC)
    assert exemplars_for(16, SPEC) == 6
    with pytest.raises(ValueError, match="pays for 0 exemplars"):
        exemplars_for(1, SPEC)


def test_where_classes_recur_each_image_brings_its_task_along():
    # Pixel, label and task of a byte each.
    assert exemplars_for(4 + 3 * 7, RECURRING) == 7
    layout = ExemplarLayout(RECURRING, 7)
    assert layout.bill(layout.init(jax.random.key(0))) == {
        **{"strings": 7, "index": 4 + 7, "labels": 7},
        **{"decoders": 0, "tables": 0},
    }
