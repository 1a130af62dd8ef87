"""Cues become strings, and strings the images that the decoder of their task makes of them."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.config import CodecConfig
from braincl_jax.memory import cue_strings
from braincl_jax.memory.codec import quantise, transforms

TASKS, ROOM = 3, 5
CODEC = transforms.build_codec(CodecConfig(latent_channels=3, width=4), (8, 8, 1))
COUNTS = [4, 3, 5]
FACTS = {"num_classes": 6, "num_tasks": TASKS, "num_slots": 12, "num_words": 1720}


def test_recall_shows_what_the_decoder_of_the_task_makes_of_the_cue(workbench):
    shapes = jax.eval_shape(CODEC.init, jax.random.key(0))["synthesis"]
    rng = np.random.default_rng(0)
    # So small that no pixel is black or white.
    decoders = [
        quantise.quantise(
            jax.tree.map(lambda leaf: jnp.float32(rng.normal(0, 0.004, leaf.shape)), shapes)
        )
        for _ in range(TASKS)
    ]
    bench = workbench(decoder=decoders[0], lanes=2, **FACTS)
    nights = [bench.draw(task, ROOM)._replace(decoder=decoders[task]) for task in range(TASKS)]
    memory = bench.empty()
    for night, count in zip(nights, COUNTS, strict=True):
        memory = bench.remember(memory, night, count)
    # Slot 5 is the second of task 1 (after 4 of task 0), slots 8 and 7 the second and first of task 2.
    task, slot = jnp.array([2, 1]), jnp.array([[8, 7], [5, 5]])
    recall = jax.jit(lambda memory: cue_strings.recall(memory, bench.format, task, slot, CODEC))
    recalled = recall(memory)
    assert recalled.intact.all()

    @jax.jit
    def seen(decoder, cue):
        return CODEC.recall(quantise.dequantise(decoder), cue[None].astype(jnp.float32))[0]

    def difference(image, decoder, cue):
        return np.abs(np.asarray(image, int) - np.asarray(seen(decoder, cue), int)).max()

    for group, member, own, place in ((0, 0, 2, 1), (0, 1, 2, 0), (1, 0, 1, 1), (1, 1, 1, 1)):
        image, cue = recalled.image[group, member], nights[own].cues[place]
        assert recalled.label[group, member] == nights[own].label[place]
        assert difference(image, decoders[own], cue) <= 1
        assert difference(image, decoders[0], cue) > 5


def test_a_string_that_does_not_fit_tells_its_whole_length(workbench):
    bench = workbench(lanes=2, **FACTS)
    night = bench.draw(0, ROOM)
    table, whole = bench.code(night.cues, night.label)
    assert whole.lengths.shape == (ROOM, 2)
    most = int(np.sort(whole.lengths, axis=None)[ROOM])
    tight = dataclasses.replace(bench.format, max_words=most)
    encode = jax.jit(cue_strings.encode_cues, static_argnames="format")
    found = encode(table, night.cues, night.label, format=tight)
    assert found.words.shape == (ROOM, 2, most)
    fits = np.asarray(whole.lengths) <= most
    assert fits.any()
    np.testing.assert_array_equal(np.asarray(found.lengths) <= most, fits)
    np.testing.assert_array_equal(found.words[fits], np.asarray(whole.words)[fits][:, :most])
