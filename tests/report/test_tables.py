"""Numbers and Markdown."""

from braincl_jax.report.tables import (
    LONGEST_VALUE,
    code,
    cut_table,
    markdown_table,
    mean_text,
    number,
)


def test_a_number_or_its_absence():
    assert number(1234.5, ",.0f") == "1,234"
    assert number(None, ",.0f") == "n/a"


def test_a_mean_has_a_deviation_from_two_values_on():
    # mean (70 + 74 + 78) / 3 = 74; sample deviation sqrt((16 + 0 + 16) / 2) = 4
    assert mean_text([70, 74, 78], ".2f") == "74.00 ± 4.00"
    assert mean_text([70], ".1f") == "70.0"
    assert mean_text([], ".1f") == "n/a"


def test_a_table_has_its_numbers_to_the_right():
    assert markdown_table(["a", "b"], [["x", "1"]]) == "| a | b |\n| :-- | --: |\n| x | 1 |"


def test_a_bar_or_a_new_line_in_a_name_stays_in_its_cell():
    assert markdown_table(["a"], [["x|y\nz"]]).splitlines()[2:] == [r"| x\|y z |"]


def test_a_table_that_is_cut_says_by_how_much():
    rows = [[str(k)] for k in range(1200)]
    lines = cut_table(["a"], rows, 2).splitlines()
    assert lines[2:] == ["| 0 |", "| 1 |", "", "… and 1,198 more, in `summary.json`."]
    assert cut_table(["a"], rows[:2], 2) == markdown_table(["a"], rows[:2])


def test_a_value_is_code_on_one_line():
    # A tuple is a list after its way through JSON.
    assert code([1, "a"]) == code((1, "a")) == "`[1, 'a']`"
    assert code("a`b") == "`a'b`"
    assert code("a\nb") == "`a b`"
    assert code("x" * 1000) == f"`{'x' * (LONGEST_VALUE - 1)}…`"
