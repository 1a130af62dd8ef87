"""What a page says of classes."""

import numpy as np

from braincl_jax.report.classes import class_section


def test_each_class_has_a_line_and_confusions_have_names(classes_of):
    blocks = class_section({"task_classes": [range(5), range(5, 10)], **classes_of(10)})
    assert blocks[0] == "## Accuracy (%) by class"
    assert blocks[1].splitlines()[2:4] == ["| kind 0 | 0 | 100.00 |", "| kind 1 | 0 | 90.00 |"]
    assert blocks[1].splitlines()[-1] == "| kind 9 | 1 | 10.00 |"
    assert blocks[2:] == [
        "## Most frequent confusions",
        "| true class | taken for | images |\n| :-- | --: | --: |\n| kind 9 | kind 0 | 9 |",
    ]


def test_of_a_thousand_classes_the_worst_and_the_best_are_listed(classes_of):
    groups = {"task_classes": np.arange(1000).reshape(10, 100).tolist()}
    title, table, _, pairs = class_section(groups | classes_of(1000, matrix=False))
    assert title == "## Accuracy (%) by class: the worst and the best of 1,000"
    lines = table.splitlines()
    assert (lines[2], lines[-3]) == ("| kind 9 | 0 | 10.00 |", "| kind 990 | 9 | 100.00 |")
    assert lines[-1] == "… and 950 more, in `summary.json`."
    assert pairs.endswith("… and 90 more, in `summary.json`.")


def test_without_accuracies_the_names_are_listed(classes_of):
    names = [f"kind {k}" for k in range(1000)]
    assert class_section({"class_names": names[:2]})[1] == "kind 0, kind 1"
    assert class_section({"class_names": names})[1].endswith(
        "kind 99\n\n… and 900 more, in `summary.json`."
    )
    assert class_section({}) == []
