"""The benchmark of transfer's memory: rows add up, and what follows the task is no float."""

import math

from experiments.benchmarks import transfer_memory as benchmark


def test_the_rows_of_a_small_task_add_up(tiny_config, tiny_stream):
    found = benchmark.measure(tiny_config, tiny_stream.spec)
    rows = found["bytes"]
    assert rows["total"] == sum(value for name, value in rows.items() if name != "total")
    assert rows["long_term_memory"] == tiny_config.budget_bytes
    assert found["cues_of_a_task"] == 48
    assert rows["cues"] == 48 * math.prod(found["latents_of_a_cue"])
    assert rows["labels"] == 4 * 48
    assert rows["temporaries_of_transfer"] > 0


def test_the_table_has_a_column_for_each_case():
    measured = {
        "small": {"bytes": {"labels": 40_000, "total": 1_234_000}},
        "large": {"bytes": {"labels": 4e6, "total": 2.5e9}},
    }
    assert benchmark.table(measured).splitlines() == [
        "| MB on a device | small | large |",
        "|---|---|---|",
        "| labels | 0.04 | 4.00 |",
        "| total | 1.23 | 2,500.00 |",
    ]
