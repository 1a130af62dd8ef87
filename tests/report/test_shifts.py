"""Tables of corrupted and of unknown images, by hand."""

import pytest

from braincl_jax.report.cases import cases_of
from braincl_jax.report.document import Paragraph, Table
from braincl_jax.report.shifts import (
    MOST_CASES,
    MOST_LINES,
    corruption_section,
    unknown_section,
)


@pytest.fixture
def run_of(summary_of):
    def make(method, seed, **changes):
        return summary_of([[0.9, None], [0.8, 0.8]], method=method, seed=seed, **changes)

    return make


def corrupted(clean, fog, drop):
    return {
        "corruption_error": {"clean": clean, "severities": [1, 2], "by_severity": {"fog": fog}},
        "mean_corruption_error": clean + drop,
        "mean_corruption_drop": drop,
    }


def test_errors_are_means_over_severities_and_seeds(run_of):
    runs = [
        run_of("braincl", 0, **corrupted(0.2, [0.3, 0.5], 0.2)),
        run_of("braincl", 1, **corrupted(0.3, [0.5, 0.7], 0.3)),
        run_of("joint", 0, **corrupted(0.1, [0.2, 0.4], 0.2)),
        run_of("finetune", 0),
    ]
    _, table, _ = corruption_section(cases_of(runs))
    assert isinstance(table, Table)
    assert table.header == ["corruption", "braincl", "joint"]
    assert table.rows == [
        ["none", "25.0 ± 7.1", "10.0"],
        ["fog", "50.0 ± 14.1", "30.0"],
        ["mean", "50.0 ± 14.1", "30.0"],
        ["of it above the error without", "25.0 ± 7.1", "20.0"],
        ["that, relative to joint training", "1.25 x", "1.00 x"],
    ]


def test_without_joint_training_nothing_is_relative_to_it(run_of):
    _, table, _ = corruption_section(cases_of([run_of("a", 0, **corrupted(0.2, [0.3], 0.1))]))
    assert isinstance(table, Table)
    assert table.rows[-1] == ["that, relative to joint training", "n/a"]


def test_unknown_images_are_told_by_source_and_score(run_of):
    known = {
        "out_of_distribution": {"npz:birds": {"energy_auroc": 0.75, "energy_aupr_in": 0.1}},
        "unseen_classes": {"energy_auroc": [0.5, 0.75, None], "energy_aupr_in": [0.1, 0.2, None]},
    }
    runs = [run_of("braincl", 0, **known), run_of("joint", 0), run_of("ahr", 0, unseen_classes={})]
    _, table, _ = unknown_section(cases_of(runs))
    assert isinstance(table, Table)
    assert table.header == ["images", "score", "braincl"]
    assert table.rows == [
        ["npz:birds", "energy", "75.0"],
        ["classes not learned yet", "energy", "62.5"],
    ]


def test_where_nobody_was_asked_there_are_no_tables(run_of):
    cases = cases_of([run_of("braincl", 0)])
    assert corruption_section(cases) == unknown_section(cases) == []


def test_of_very_many_the_first_are_shown(run_of):
    known = {
        "out_of_distribution": {f"npz:{k}": {"energy_auroc": 0.5} for k in range(MOST_LINES + 1)}
    }
    runs = [
        run_of(f"m{k}", 0, **corrupted(0.2, [0.3], 0.1), **known) for k in range(MOST_CASES + 2)
    ]
    for section, lines in ((corruption_section, 5), (unknown_section, MOST_LINES)):
        _, table, note = section(cases_of(runs))
        assert isinstance(table, Table) and isinstance(note, Paragraph)
        assert len(table.rows) == lines
        assert table.header[-1] == f"m{MOST_CASES - 1}"
        assert "and 2 more columns" in note.text
        assert ("and 1 more lines" in note.text) == (lines == MOST_LINES)
