"""A comparison for machines, by hand."""

import csv
import json

import pytest

from braincl_jax.report.cases import cases_of
from braincl_jax.report.measures import COSTS, declared
from braincl_jax.report.tidy import COLUMNS, write_csv, write_json


@pytest.fixture
def comparison(summary_of):
    """Cases and measures of two seeds of a method, and one of another."""
    runs = [
        summary_of([[final]], method=method, seed=seed, final_accuracy=final)
        for method, seed, final in [("a", 0, 0.5), ("a", 1, 0.75), ("b", 1, 0.25)]
    ]
    return cases_of(runs), [declared(runs)[0], *COSTS]


def test_a_line_is_a_number_of_a_case_or_of_a_difference(comparison, tmp_path):
    write_csv(tmp_path / "c.csv", *comparison)
    with (tmp_path / "c.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == list(COLUMNS)
    found = [
        tuple(line[name] for name in ("method", "minus", "measure", "mean", "margin", "n"))
        for line in lines
    ]
    # Of the costs, minutes alone are known.
    assert found == [
        ("a", "", "final_accuracy", "62.5", "", "2"),
        ("a", "", "minutes", "1.5", "", "2"),
        ("b", "", "final_accuracy", "25.0", "", "1"),
        ("b", "", "minutes", "1.5", "", "1"),
        ("a", "b", "final_accuracy", "50.0", "", "1"),
        ("a", "b", "minutes", "0.0", "", "1"),
    ]
    # sqrt(2 * 12.5^2)
    assert float(lines[0]["deviation"]) == pytest.approx(17.677669)
    assert {line["budget_bytes"] for line in lines} == {"4000"}


def test_all_of_it_is_one_object(comparison, tmp_path):
    write_json(tmp_path / "c.json", *comparison)
    content = json.loads((tmp_path / "c.json").read_text())
    assert list(content) == ["confidence", "cases", "differences", "areas"]
    first = content["cases"][0]
    assert (first["name"], first["seeds"]) == ("a", [0, 1])
    assert first["accuracy_after_task"] == [[0.5], [0.75]]
    assert first["measures"][0]["mean"] == 62.5
    (difference,) = content["differences"]
    assert (difference["name"], difference["minus"]) == ("a", "b")
    assert difference["measures"][0] == {
        **{"measure": "final_accuracy", "label": "final accuracy", "unit": "%"},
        **{"mean": 50.0, "margin": None, "n": 1},
    }
