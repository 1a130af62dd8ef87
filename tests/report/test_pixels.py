"""Images of any number of channels, sides and tasks."""

import numpy as np
import pytest

from braincl_jax.report import pixels


@pytest.mark.parametrize(
    ("channels", "shown"), [(1, [7, 7, 7]), (2, [7, 7, 7]), (3, [7, 8, 9]), (5, [7, 8, 9])]
)
def test_any_number_of_channels_is_shown(channels, shown):
    image = np.arange(7, 7 + channels, dtype=np.uint8).reshape(1, 1, channels)
    assert pixels.as_rgb(image).tolist() == [[shown]]


@pytest.mark.parametrize(
    ("height", "width", "stride"), [(3, 256, 1), (257, 8, 2), (500, 3, 2), (4000, 3000, 16)]
)
def test_no_side_of_an_image_is_longer_than_the_longest(height, width, stride):
    assert pixels.stride(height, width) == stride
    assert -(-max(height, width) // stride) <= pixels.LONGEST_SIDE
