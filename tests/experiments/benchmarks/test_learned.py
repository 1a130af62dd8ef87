"""A memory without a network that replays it."""

import numpy as np

from braincl_jax.evaluators.metrics import psnr
from experiments.benchmarks.learned import stored_cues


def test_nothing_was_classified_or_replayed(learned):
    examples = {name: int(n) for name, n in learned.state.consolidation.examples.items()}
    assert examples == {"codec": 16 * (24 + 6), "wake": 0, "sleep": 0}


def test_slots_and_images_are_those_of_the_task(learned):
    slots = [learned.slots(task) for task in range(2)]
    np.testing.assert_array_equal(np.concatenate(slots), np.arange(len(learned.sources)))
    image, label = learned.images(1)
    assert image.shape == (48, 8, 8, 1) and image.dtype == np.uint8
    assert set(label.tolist()) == {2, 3}


def test_stored_cues_are_what_the_decoder_of_the_task_turns_into_its_images(learned):
    table, cues = stored_cues(learned, 0)
    assert cues.shape == (len(learned.slots(0)), *learned.layout.format.latent_shape)
    assert table.knots.shape[0] == cues.shape[-1]
    codec = learned.layout.codec
    recalled = np.asarray(codec.recall(learned.codecs[0]["synthesis"], cues.astype(np.float32)))
    originals = learned.images(0)[0][learned.sources[learned.slots(0), 1]]
    # Closer to their own images than to those of others: the decoder is float32 here, int8 in the memory.
    assert psnr(originals, recalled).mean() > psnr(originals[::-1].copy(), recalled).mean()
