"""The benchmark of the memory: its arithmetic by hand, and a tiny version of every section."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.config import Config
from braincl_jax.memory.coder import coding
from experiments.benchmarks import bits, image_codecs, memory_report, memory_sections, rate, timing
from experiments.benchmarks.image_codecs import ImageCodec, Setting


@pytest.fixture(scope="module")
def learned(tiny_config, tiny_stream) -> rate.Learned:
    return rate.learn(tiny_config, tiny_stream)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Smooth colour images, uint8 [12, 16, 16, 3]."""
    ramp = np.arange(16) * 8
    base = ramp[:, None, None] + ramp[None, :, None] // np.array([1, 2, 3])
    return (base[None] + np.arange(12)[:, None, None, None]).astype(np.uint8)


def test_between_two_settings_bytes_are_interpolated_linearly():
    line = [(100.0, 20.0), (200.0, 24.0), (400.0, 26.0)]
    assert image_codecs.interpolate(line, 150) == 22.0
    assert image_codecs.interpolate(line, 300) == 25.0
    assert image_codecs.interpolate(line, 100) == 20.0
    assert image_codecs.interpolate(line, 900) == 26.0
    assert image_codecs.interpolate(line, 99.9) is None


def test_the_upper_hull_leaves_out_what_a_mixture_of_others_beats():
    # (2, 1.2) lies below the line from (0, 0) to (3, 3); (4, 2) costs more and is worse than (3, 3).
    assert image_codecs.upper_hull([(4, 2), (0, 0), (3, 3), (2, 1.2)]) == [1, 2]
    assert image_codecs.upper_hull([(0, 0), (1, 2), (2, 3), (3, 3.5)]) == [0, 1, 2, 3]
    # Of two settings of the same size the better one counts.
    assert image_codecs.upper_hull([(1, 5), (1, 6)]) == [1]


def test_settings_next_to_a_budget_are_kept():
    hull = [(10.0, 1.0), (20.0, 2.0), (30.0, 2.9), (40.0, 3.7), (50.0, 4.4)]
    assert image_codecs.around(hull, [25]) == {0, 1, 2, 3}
    assert image_codecs.around(hull, [5]) == {0, 1}
    assert image_codecs.around(hull, [60]) == {3, 4}


@pytest.mark.parametrize(
    ("streams", "shared"),
    [
        ([b"HEADabc", b"HEADxyz"], 4),
        # The third byte is a length that differs, but what follows is the same.
        ([b"HE\x03Dabc", b"HE\x04Dxyzq"], 3),
        # A common ending, of streams that are not equally long.
        ([b"HabcEND", b"HxyzwEND"], 4),
        ([b"same", b"same"], 4),
        # Nothing is counted from both ends.
        ([b"aa", b"aaa"], 2),
        ([b"abc", b"xyz"], 0),
    ],
)
def test_bytes_that_all_streams_share_are_found_from_both_ends(streams, shared):
    assert image_codecs.shared_bytes(streams) == shared


def test_psnr_of_the_mean_error_is_not_the_mean_psnr():
    # Errors of 1e-2 and 1e-4 of the peak's square: 20 and 40 dB; their mean is 0.00505.
    mean, of_mean = image_codecs.mean_psnrs(np.array([20.0, 40.0]))
    assert mean == 30.0
    assert of_mean == pytest.approx(-10 * np.log10(0.00505))


def test_a_stream_costs_its_own_bytes_an_entry_and_a_share_of_the_header(images):
    codec = ImageCodec("JPEG", "JPEG", ({"subsampling": 0},), (50,))
    setting = Setting({"subsampling": 0, "quality": 50}, 1)
    streams = [image_codecs.write(one, codec, setting) for one in image_codecs.shrink(images, 1)]
    shared = image_codecs.shared_bytes(streams)
    assert shared > 500  # The tables of a JPEG.
    point = image_codecs.measure(images, codec, setting, num_images=1200)
    mean = np.mean([len(one) for one in streams])
    assert point.whole_bytes == pytest.approx(mean + 2)
    assert point.bytes == pytest.approx(mean - shared + shared / 1200 + 2)
    assert point.psnr_db > 30


def test_curves_and_mosaics_of_every_codec_rise(images, monkeypatch):
    monkeypatch.setattr(image_codecs, "SAMPLE", 4)
    label = np.arange(12) % 2
    for codec in image_codecs.image_codecs(3, report=lambda note: None):
        few = dataclasses.replace(codec, qualities=codec.qualities[-5::2])
        for line in (
            image_codecs.curve(images, few, [60.0]),
            image_codecs.mosaic_curve(images, label, few),
        ):
            points = [(one.bytes, one.psnr_db) for one in line.shared]
            assert points == sorted(points)
            assert image_codecs.interpolate(points, 1e6) == max(db for _, db in points)


def test_a_shrunken_constant_image_is_itself():
    grey = np.full((2, 8, 12, 1), 77, np.uint8)
    back = image_codecs.enlarge(image_codecs.shrink(grey, 4), (8, 12, 1))
    np.testing.assert_array_equal(back, grey)


def test_what_was_learned_fills_the_budget_and_can_be_recalled(learned, tiny_config):
    point = rate.rate_point(learned)
    assert sum(point["memory_bytes"].values()) <= tiny_config.budget_bytes
    assert point["stored"] == len(learned.sources) == len(rate.recall_psnr(learned)) > 0
    assert 5 < point["psnr_db"] < 60
    assert point["psnr_of_mse_db"] <= point["psnr_db"]


def test_decoders_are_compared_at_the_same_bytes(tiny_config, tiny_stream, learned):
    shared = rate.decoder_point(tiny_config, tiny_stream, shared_trunk=True)
    plain = rate.rate_point(learned)
    bills = [point["memory_bytes"] for point in (plain, shared)]
    assert [sum(bill.values()) for bill in bills] == [tiny_config.budget_bytes] * 2
    # See tests/test_shared_trunk.py: 408 bytes of a decoder are its task's own, 1280 are the trunk.
    assert [bill["decoders"] for bill in bills] == [2 * 1688, 1280 + 2 * 408]
    assert shared["shared_trunk"] is True and shared["seed"] == tiny_config.seed


def test_ways_to_keep_decoders_are_told_with_means_over_seeds():
    seeds = [
        {"memory_bytes": {"decoders": 3000, "strings": strings}, "psnr_db": psnr}
        for strings, psnr in ((1000, 20.0), (2000, 21.0))
    ]
    table = memory_report.decoder_table({"5 tasks": {"mine": seeds}}).splitlines()
    assert table[-1] == "| 5 tasks | mine | 3,000 | 1,500 | 20.50 |"


def test_every_way_to_keep_decoders_is_a_setting_of_the_codec(tiny_config):
    made = [
        dataclasses.replace(tiny_config.codec, **codec)
        for codec in memory_sections.DECODERS.values()
    ]
    assert len(set(made)) == len(made)


def test_the_entropy_of_a_channel_by_hand():
    # Half, a quarter and a quarter: 1 + 2 + 2 + 1 bits. The other channel always says the same.
    cues = np.array([[[[5, 0], [-1, 0]]], [[[7, 0], [5, 0]]]])
    assert bits.counted_bits(cues) == 6.0


def test_the_histogram_of_intervals_by_hand():
    # Bins are 256 wide. One interval is all of the second bin, one lies in two of them by halves, one covers all.
    found = bits.histogram(np.array([256, 3 * 256 + 128, 0]), np.array([256, 256, 4096]))
    expected = np.full(16, 1 / 48)
    expected[[1, 3, 4]] += [1 / 3, 1 / 6, 1 / 6]
    np.testing.assert_allclose(found, expected)


def test_what_recalibration_saves_by_hand():
    # [n, L, M, p]: symbols of channel 0 use the lower half of 0..4096 alone, so one bit each is wasted; those of
    # channel 1 use both halves.
    first = np.array([[[[0, 0], [0, 2048]]], [[[0, 0], [2048, 0]]]])
    frequency = np.full_like(first, 2048)
    assert bits.recalibration_bits(first, frequency) == 4.0


def test_letters_of_a_table_that_is_right_leave_nothing_to_recalibrate():
    table = bits.peaked_table(4, 0.5)
    cues = bits.drawn_cues(table, (20, 8, 8, 4))
    first, frequency = (
        np.asarray(x).reshape(20, 1, 4, 64) for x in coding.intervals(table, cues, 1)
    )
    assert bits.recalibration_bits(first, frequency) / cues.size < 0.01
    # Of a table for symbols that scale twice as far, most would be.
    wrong = table.replace(weights=table.weights._replace(base=2 * table.weights.base))
    first, frequency = (
        np.asarray(x).reshape(20, 1, 4, 64) for x in coding.intervals(wrong, cues, 1)
    )
    assert bits.recalibration_bits(first, frequency) / cues.size > 0.05


def test_a_string_weighs_its_information_and_at_most_five_bytes_more(learned):
    found = bits.where_bits_go(learned)
    # The final state is 32 bits, 16 of which were there before; words are 16 bits.
    assert 8 <= found["string"] - found["table"] <= 40
    # The ends of the window take what the density, hardly trained, expects beyond it.
    assert 0.9 * found["density"] < found["table"] < 1.01 * found["density"]
    # A codec that is hardly trained knows less than the counts of the cues themselves.
    assert 0 < found["without_context"] < found["density"]
    loss = bits.coder_loss(found)
    assert loss["over_table_bytes"] * 8 == pytest.approx(found["string"] - found["table"])
    assert loss["context_saves_percent"] < 0


def test_a_table_for_each_class_must_save_more_than_it_weighs(learned):
    found = bits.class_tables(learned, bits.where_bits_go(learned))
    # Four classes in two tasks: two tables more, for each channel of 33 knots, reach, lowest, size and 4 + 4 + 1
    # weights, and 2 weights for each pair of channels.
    channels = learned.parts.config.codec.latent_channels
    table = channels * (2 * 33 + 12) + channels * (channels - 1)
    assert found["tables_bytes_per_image"] == pytest.approx(2 * table / len(learned.sources))
    assert 0 < found["of_which_by_one_for_all_classes"] < found["saved_bytes_per_image"]
    gain = found["saved_bytes_per_image"] - found["tables_bytes_per_image"]
    assert found["gain_bytes_per_image"] == pytest.approx(gain)
    assert found["pays"] == (gain > 0)
    assert memory_report.class_table({"all": found}).count("\n") == 2


def test_large_cues_are_coded_with_little_overhead():
    found = bits.large_cue_loss((14, 14, 8), number=4)
    # Two lanes a cue, each with a state of 32 bits of which about 24 say nothing.
    assert 0 < found["string_bytes"] - found["table_bytes"] < 12
    assert 0.3 < found["bits_per_letter"] < 1.5


def test_speed_is_measured_for_coding_decoding_and_the_host(learned):
    found = timing.throughput(learned, rounds=1, number=8)
    assert found["symbols_per_image"] == np.prod(learned.parts.codec.latent_shape)
    assert min(found["images_per_second"].values()) > 0
    assert len(found["strings_to_cues_over_host"]) == 2


def test_the_strings_of_a_replay_batch_are_decoded_whole(learned):
    held = timing.replay_strings(learned)
    groups, size = held["start"].shape
    total = timing.decode_step(held, None, parts=learned.parts)
    # A damaged word changes the number of intact strings, if not the symbols too.
    where = held["start"][0, 0] + 1
    damaged = held | {"words": held["words"].at[where].add(jnp.uint16(1))}
    assert timing.decode_step(damaged, None, parts=learned.parts) != total
    sleep = learned.parts.config.sleep
    assert groups * size == sleep.batch_size * sleep.prefetch_steps


def test_shares_of_a_replay_step_are_measured(learned):
    found = timing.replay_shares(learned, num_devices=1, rounds=1)
    assert min(found["milliseconds"].values()) > 0


def test_tables_and_plot_show_every_way_to_spend_the_bytes(tmp_path):
    point = {"bytes_per_image": 50.0, "psnr_db": 25.0, "psnr_of_mse_db": 24.0}
    points = {"one task": [point, point | {"bytes_per_image": 100.0, "psnr_db": 28.0}]}
    setting = Setting({"quality": 1}, 1)
    files = [
        image_codecs.Point(40, 80, 20, 19, setting),
        image_codecs.Point(60, 100, 24, 23, setting),
    ]
    curves = [
        image_codecs.Curve("JPEG", 5, files, list(files)),
        image_codecs.Curve("JPEG mosaic", 5, files, files),
    ]
    table = memory_report.rate_table(points, curves, [50.0, 100.0], "psnr_db").splitlines()
    assert table[2:] == [
        "| ours, one task | 25.00 | 28.00 |",
        "| JPEG | 22.00 (+3.00) | 24.00 (+4.00) |",
        "| JPEG, whole files | n/a | 24.00 (+4.00) |",
        "| JPEG mosaic | 22.00 (+3.00) | 24.00 (+4.00) |",
    ]
    rows = memory_report.at_equal_bytes(points, curves, [50.0, 100.0])
    assert rows[0]["more"] == {"JPEG": 3.0, "JPEG mosaic": 3.0}
    figures = {"ours": points, "others": memory_sections.others(curves)}
    memory_report.write_plot(tmp_path / "rate.png", figures)
    assert (tmp_path / "rate.png").read_bytes().startswith(b"\x89PNG")


def test_commands_and_data_sets_are_stored_without_folders():
    assert memory_report.public("npz:/home/me/cifar100.npz") == "npz:cifar100.npz"
    assert memory_report.public("--config.dataset=npz:/a/b/c.npz") == "--config.dataset=npz:c.npz"
    assert memory_report.public("--results=/a/b/c.json") == "--results=c.json"
    assert memory_report.public("npz:cifar100.npz") == "npz:cifar100.npz"
    assert memory_report.public(Config().dataset) == Config().dataset
