import pytest

from braincl_jax.spread import spread


@pytest.mark.parametrize(
    ("number", "most", "expected"),
    [
        (3, 5, [0, 1, 2]),
        (101, 5, [0, 25, 50, 75, 100]),
        (5, 1, [0]),
        (0, 5, []),
    ],
)
def test_a_spread_goes_from_the_first_to_the_last(number, most, expected):
    assert spread(number, most).tolist() == expected
