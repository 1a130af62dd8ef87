"""Quantities in words."""

import pytest

from braincl_jax.report.units import duration, short, significant, teraflops


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599.4, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (7503, "2 h 05 min"),
        (360_000, "100 h 00 min"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (5.912e-5, "0.00005912"), (0.25, "0.2500"), (9.9994, "9.999"), (1234.56, "1,235")],
)
def test_a_number_has_four_digits_and_no_exponent(value, text):
    assert significant(value) == text
    assert significant(1e9) == "1,000,000,000"
    assert teraflops(1e12 * value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.5"), (200, "200"), (1000, "1k"), (50_000, "50k"), (2_500_000, "2.5M"), (1e9, "1G")],
)
def test_numbers_of_axes_are_short(value, text):
    assert short(value) == text
