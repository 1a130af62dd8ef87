"""Pixels moved on tiny images, by hand; every motion against torchvision is in test_trivial_augment.py."""

import jax.numpy as jnp
import numpy as np

from braincl_jax.sleep.transforms.geometry import Motion, move

IMAGE = np.arange(1, 13, dtype=np.uint8).reshape(3, 4, 1)


def moved(image=IMAGE, **motion) -> np.ndarray:
    return np.asarray(move(jnp.asarray(image), Motion(**motion)))[..., 0]


def test_no_motion_changes_nothing():
    np.testing.assert_array_equal(moved(), IMAGE[..., 0])


def test_shifts_go_right_and_down_and_leave_black():
    assert moved(shift_x=1.0).tolist() == [[0, 1, 2, 3], [0, 5, 6, 7], [0, 9, 10, 11]]
    assert moved(shift_y=-2.0).tolist() == [[9, 10, 11, 12], [0] * 4, [0] * 4]
    assert (moved(shift_x=4.0) == 0).all()


def test_quarter_turns_are_anticlockwise_about_the_middle():
    square = IMAGE[:, :3]
    np.testing.assert_array_equal(moved(square, degrees=90.0), np.rot90(square[..., 0]))
    np.testing.assert_array_equal(moved(degrees=180.0), np.rot90(IMAGE[..., 0], 2))


def test_shears_move_each_row_or_column_further_than_the_one_before():
    # Rows have their middles at 0.5, 1.5 and 2.5: shifted by 0.45, 1.35 and 2.25, to the nearest.
    assert moved(shear_x=0.9).tolist() == [[1, 2, 3, 4], [6, 7, 8, 0], [11, 12, 0, 0]]
    assert moved(shear_y=-0.9).tolist() == [[1, 0, 0, 0], [5, 2, 0, 0], [9, 6, 3, 0]]
