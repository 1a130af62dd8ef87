"""The whole method on what is not square, grey, even or small in number."""

import dataclasses
from typing import cast

import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.build import build_method
from braincl_jax.config import CodecConfig
from braincl_jax.data import Dataset, TaskStream
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.parts import recall

# Classes of unequal size, so that tasks are unequal too.
PER_CLASS = (30, 8, 12, 5)


@pytest.fixture(scope="module")
def uneven(tiny_config, live_one):
    """A life with colour images of 18x14 and five strings a cue, each of a single row."""
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(4), PER_CLASS)
    image = rng.integers(0, 255, (len(label), 18, 14, 3), np.uint8)
    raw = Dataset.of_arrays(image, label, image[::5], label[::5])
    stream = TaskStream.create(raw, num_tasks=2, class_order_seed=-1)
    codec = dataclasses.replace(tiny_config.codec, lanes_per_image=5)
    config = dataclasses.replace(tiny_config, codec=codec, budget_bytes=16_000)
    return live_one(build_method(config, stream.spec), stream)


def test_every_image_of_unequal_tasks_is_stored(uneven):
    stored = uneven.after[1, "transfer"].memory.long_term
    assert stored.task_counts.tolist() == [38, 17]
    index = uneven.method.layout.index(uneven.after[1, "transfer"].memory)
    np.testing.assert_array_equal(np.bincount(index.label[:55]), PER_CLASS)


def test_recall_has_the_shape_of_the_images_and_is_intact(uneven):
    memory = uneven.after[1, "replay"].memory
    recalled = recall(
        uneven.method.layout, memory, jnp.array([0, 1]), jnp.array([[0, 37], [38, 54]])
    )
    assert recalled.image.shape == (2, 2, 18, 14, 3)
    assert recalled.intact.all()
    np.testing.assert_array_equal(recalled.label, [[0, 1], [2, 3]])


def test_replay_finds_no_damage(uneven):
    assert int(uneven.metrics[1, "replay"]["corrupt_slot"]) == -1


def test_more_than_256_classes_get_a_word_for_each_label(tiny_config):
    label = np.arange(300)
    image = np.zeros((300, 8, 8, 1), np.uint8)
    stream = TaskStream.create(Dataset.of_arrays(image, label, image, label), num_tasks=2)
    config = dataclasses.replace(
        tiny_config, budget_bytes=20_000, codec=CodecConfig(width=4, shared="nothing")
    )
    layout = build_method(config, stream.spec).layout
    # One word for the label, one for the length of the string.
    assert cast(CueLayout, layout).format.entry_words == 2
