"""Numbers and Markdown."""

from braincl_jax.report.tables import markdown_table, mean_text, number


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
