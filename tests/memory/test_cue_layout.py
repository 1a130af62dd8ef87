"""The memory of cues as one part: it weighs its budget, knows its funds, and opens a working memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax import build, config
from braincl_jax.memory.block import store
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.memory.working import EMPTY
from braincl_jax.types import StreamSpec

SPEC = StreamSpec.of_equal_tasks((12, 12, 1), num_classes=6, task_sizes=(40, 30, 50))


def cue_memory(budget_bytes, lanes=1, records=0):
    """The layout of a memory; the weight of `records` records is added to the budget."""
    codec = config.CodecConfig(
        latent_channels=4, width=4, analysis_width=4, lanes_per_image=lanes, shared="nothing"
    )

    def build_layout(budget_bytes) -> CueLayout:
        settings = config.Config(budget_bytes=budget_bytes, codec=codec)
        layout = build.build_method(settings, SPEC).layout
        assert isinstance(layout, CueLayout)
        return layout

    record_words = build_layout(20_000).format.record_words
    return build_layout(budget_bytes + 2 * records * record_words)


@pytest.mark.parametrize(("budget_bytes", "lanes"), [(12_000, 1), (20_001, 3)])
def test_the_memory_of_a_brain_weighs_its_budget(budget_bytes, lanes):
    layout = cue_memory(budget_bytes, lanes)
    memory = layout.init(jax.random.key(0))
    weight = sum(leaf.nbytes for leaf in jax.tree.leaves(memory.long_term))
    assert sum(layout.bill(memory).values()) == weight
    # Words have two bytes.
    assert budget_bytes - 2 < weight <= budget_bytes
    assert layout.num_stored(memory) == 0


def test_a_brain_without_room_for_its_decoders_is_refused():
    with pytest.raises(ValueError, match="budget_bytes=1000 is too small"):
        cue_memory(1000)


def test_a_policy_with_less_and_less_for_an_image_needs_codecs_that_can_follow():
    def layout_of(shared: str):
        codec = config.CodecConfig(latent_channels=4, width=4, analysis_width=4, shared=shared)
        settings = config.Config(budget_bytes=20_000, budget_policy="open_ended", codec=codec)
        return build.build_method(settings, SPEC).layout

    assert isinstance(layout_of("decoder"), CueLayout)
    with pytest.raises(ValueError, match=r"budget_policy=open_ended .* need codec\.shared=decoder"):
        layout_of("codec")


def test_a_cue_may_take_what_is_left_for_each_of_the_tasks_images():
    layout = cue_memory(20_001)
    memory = layout.init(jax.random.key(0))
    # 40, 30 and 50 images; nothing is stored yet: 40 / 120, 30 / 80 and all. An entry is one word.
    for task, (part, number) in enumerate(((1 / 3, 40), (3 / 8, 30), (1, 50))):
        cues = layout.format.num_words - (3 - task) * layout.format.record_words
        expected = int(cues * part) / number - 1
        np.testing.assert_allclose(layout.cue_words(memory, jnp.int32(task)), expected, 1e-6)


def test_where_a_share_is_wanted_each_cue_may_take_more():
    def layout_of(policy: str) -> CueLayout:
        codec = config.CodecConfig(width=4, analysis_width=4)
        settings = config.Config(budget_bytes=20_000, budget_policy=policy, codec=codec)
        layout = build.build_method(settings, SPEC).layout
        assert isinstance(layout, CueLayout)
        return layout

    whole, half = map(layout_of, ("planned", "planned(remembered=0.5)"))
    words = [
        float(one.cue_words(one.init(jax.random.key(0)), jnp.int32(0))) for one in (whole, half)
    ]
    assert half.settings == whole.settings
    np.testing.assert_allclose(words[1] + 1, 2 * (words[0] + 1), 1e-6)


def test_where_short_strings_would_not_fit_either_fewer_are_meant_to_be_kept():
    # 8 words and an entry are 9 words; with 12 cues of that size in all, a third is for task 0: 4 cues of 40.
    layout = cue_memory(16 + 4 + 2 * 12 * 9, records=3)
    memory = layout.init(jax.random.key(0))
    assert float(layout.cue_words(memory, jnp.int32(0))) == 8


@pytest.mark.parametrize(("policy", "longest"), [("planned", 255), ("open_ended", None)])
def test_the_index_counts_strings_as_long_as_the_first_task_may_have_them(policy, longest):
    # Ten tasks of 20 images: 75 words an image, and half of the block, 375 each, for those that come first.
    spec = StreamSpec.of_equal_tasks((24, 24, 3), num_classes=10, task_sizes=(20,) * 10)
    codec = config.CodecConfig(
        num_stages=1, latent_channels=12, width=4, analysis_width=4, shared="decoder"
    )
    settings = config.Config(budget_bytes=30_000, budget_policy=policy, codec=codec)
    layout = build.build_method(settings, spec).layout
    assert isinstance(layout, CueLayout)
    format = layout.format
    worst = store.longest_string(int(np.prod(format.latent_shape)))
    assert format.max_words == (longest or worst) and worst > 400
    share = layout.cue_words(layout.init(jax.random.key(0)), jnp.int32(0))
    assert 2 * share < format.max_words


def test_no_cue_is_meant_to_be_longer_than_the_index_can_count():
    # All is left to the last task, whose images are 1 of 200 that there are.
    spec = StreamSpec.of_equal_tasks((24, 24, 3), num_classes=2, task_sizes=(199, 1))
    codec = config.CodecConfig(num_stages=1, latent_channels=12, width=4, analysis_width=4)
    layout = build.build_method(config.Config(budget_bytes=30_000, codec=codec), spec).layout
    assert isinstance(layout, CueLayout) and layout.format.max_words == 255
    assert layout.cue_words(layout.init(jax.random.key(0)), jnp.int32(1)) == 127.5


def test_lanes_that_do_not_divide_the_rows_of_a_cue_are_refused():
    # Images of 12x12 are cues of 3 rows.
    with pytest.raises(ValueError, match=r"lanes_per_image=2 must divide the 3 rows of a cue"):
        cue_memory(20_000, lanes=2)


def test_what_is_stored_is_counted_and_no_longer_free(diary):
    layout, format = diary.method.layout, diary.method.layout.format
    for task, stored in enumerate((48, 96)):
        memory = diary.after[task, "transfer"].memory
        assert layout.num_stored(memory) == stored
        assert int(layout.index(memory).stored.sum()) == stored
        funds = layout.funds(memory, jnp.int32(task))
        assert funds.total == format.num_words  # no trunk is shared
        used = layout.bill(memory)["strings"] // 2 + stored + (task + 1) * funds.record
        assert int(funds.free) == format.num_words - used
        assert funds.task_sizes.tolist() == [48, 48]


def test_a_new_day_opens_a_new_codec_and_keeps_the_tradeoff_alone(diary):
    night, morning = diary.after[0, "transfer"].memory, diary.after[1, "start"].memory
    working = morning.working
    assert (working.labels == EMPTY).all()
    assert not working.cues.any()
    assert not any(leaf.any() for leaf in jax.tree.leaves(night.working.codec))
    # The key gives g_a the same weights each morning.
    jax.tree.map(
        np.testing.assert_allclose,
        working.codec["analysis"],
        diary.after[0, "start"].memory.working.codec["analysis"],
    )
    assert float(working.log_tradeoff) == float(night.working.log_tradeoff)
    jax.tree.map(np.testing.assert_array_equal, morning.long_term, night.long_term)
