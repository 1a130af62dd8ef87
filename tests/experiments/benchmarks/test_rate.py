"""Rate and distortion: every way to spend the bytes is in table and plot."""

import json

from experiments.arguments import read_config
from experiments.benchmarks import harness, rate

LINES = {
    "ours": [(50.0, 25.0), (100.2, 28.0)],
    "JPEG, headers counted once": [(40.0, 20.0), (60.0, 24.0)],
    "JPEG, a file for each image": [(80.0, 20.0), (100.0, 24.0)],
}


def test_our_points_stand_for_themselves_and_lines_are_read_between_theirs():
    assert rate.at_equal_bytes(LINES, [50.0, 100.0]) == {
        "ours": ["25.00", "28.00"],
        "JPEG, headers counted once": ["22.00", "24.00"],
        "JPEG, a file for each image": ["n/a", "24.00"],
    }


def test_a_plot_shows_all_lines(tmp_path):
    rate.plot(tmp_path / "rate.png", LINES)
    assert (tmp_path / "rate.png").read_bytes().startswith(b"\x89PNG")


def test_a_budget_is_so_many_bytes_for_each_image(tmp_path):
    config = read_config(harness.small_flags(tmp_path))
    spent = rate.at_rate(config, 150.5)
    assert spent.budget_bytes == 150.5 * 96
    assert spent.codec == config.codec


def test_the_command_learns_at_every_budget_and_asks_every_codec(
    learned, monkeypatch, tmp_path, capsys
):
    def learn(config):
        budgets.append(config.budget_bytes)
        return learned

    budgets = []
    monkeypatch.setattr(rate, "learn", learn)
    monkeypatch.setattr(rate, "point", lambda one: {"bytes_per_image": 250.0, "psnr_db": 20.0})
    monkeypatch.setattr(rate, "lines", lambda *_: {"JPEG, headers counted once": [(1.0, 9.0)]})
    results, plot = tmp_path / "rate.json", tmp_path / "rate.png"
    asked = ["--smoke", "--bytes", "100", "250"]
    rate.main([*asked, f"--results={results}", f"--plot={plot}"])
    assert budgets == [9600, 24_000]
    written = json.loads(results.read_text())
    assert len(written["lines"]["ours"]) == len(written["ours"]) == 2
    assert plot.exists()
    assert "| JPEG, headers counted once | 9.00 | 9.00 |" in capsys.readouterr().out


def test_what_was_learned_fills_the_budget_and_can_be_recalled(learned):
    found = rate.point(learned)
    assert sum(found["memory_bytes"].values()) <= learned.method.parts.config.budget_bytes
    assert found["bytes_per_image"] * found["images"] == sum(found["memory_bytes"].values())
    assert found["stored"] == len(learned.sources) > 0
    assert 5 < found["psnr_db"] < 60
