"""Rate and quality over the steps of encode."""

import numpy as np
import pytest

from braincl_jax.report.figures.codec_curves import CodecCurves


def test_bytes_become_bits_per_pixel_beside_the_rate_that_is_allowed(summary_of, curves_of):
    summary = summary_of([[0.5]], curves=curves_of(1), image_shape=[28, 28, 1])
    figure = CodecCurves().draw([summary])
    assert figure is not None
    left, right = figure.axes
    rate, target = (np.asarray(line.get_ydata(), float) for line in left.lines)
    # 98 bytes are 784 bits, one for each of 28 x 28 pixels; 49 bytes are half of it.
    np.testing.assert_allclose(rate, 1)
    np.testing.assert_allclose(target, 0.5)
    np.testing.assert_allclose(np.asarray(right.lines[0].get_ydata(), float), 24)


@pytest.mark.parametrize("missing", ["encode", "bytes_per_cue", "psnr_db", "image_shape"])
def test_a_run_that_lacks_what_is_drawn_has_no_figure(summary_of, curves_of, missing):
    curves = curves_of(1)
    curves["encode"].pop(missing, None)
    curves.pop(missing, None)
    shape = None if missing == "image_shape" else [28, 28, 1]
    assert CodecCurves().draw([summary_of([[0.5]], curves=curves, image_shape=shape)]) is None


def test_a_run_without_a_target_is_drawn(summary_of, curves_of):
    curves = curves_of(2)
    del curves["encode"]["target_bytes_per_cue"]
    figure = CodecCurves().draw([summary_of([[0.5]], curves=curves, image_shape=[28, 28, 1])])
    assert figure is not None
    assert len(figure.axes[0].lines) == 2
