"""Budgets: what is asked of runs, and what of their files is told."""

import json

from experiments.benchmarks import budget


def test_every_budget_is_spent_by_every_policy_with_a_short_sleep(at_once, tmp_path, capsys):
    results = tmp_path / "budget.json"
    budget.main(
        ["--smoke", "--shares", "10", "--policies", "planned", "open_ended", f"--results={results}"]
    )
    flags = [one for one, _ in at_once[::2]]
    # 96 images of 64 bytes.
    assert all("--config.budget_bytes=614" in one for one in flags)
    assert all("--config.codec.shared=decoder" in one for one in flags)
    assert all(one[-4:-2] == list(budget.SHORT_SLEEP) for one in flags)
    assert [one[-2] for one in flags] == [
        "--config.budget_policy=planned",
        "--config.budget_policy=open_ended",
    ]
    planned, _ = json.loads(results.read_text())["budgets"]
    assert planned["used_after_each_task"] == [460, 900]
    told = capsys.readouterr().out
    assert "| open_ended | 1,000 | 10.00 | 46.0 90.0 | 90 of 96 | 21.50 |" in told
