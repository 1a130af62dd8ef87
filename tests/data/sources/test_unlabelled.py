"""Images to ask about: of a source those to test on, of a folder all pictures."""

import numpy as np
import pytest

from braincl_jax.data import Encoded
from braincl_jax.data.fit import Fitted
from braincl_jax.data.sources.unlabelled import load_unlabelled


def test_of_a_source_the_test_images_are_taken(arrays, tmp_path):
    np.savez(tmp_path / "some.npz", allow_pickle=True, **arrays())
    images = Fitted(load_unlabelled(f"npz:{tmp_path}/some.npz"), (5, 6, 3))
    np.testing.assert_array_equal(images.take(np.arange(2)), arrays()["x_test"])


def test_of_a_folder_all_pictures_count_in_the_order_of_their_paths(write_image, tmp_path):
    for path, value in (("b/0.png", 2), ("a.PNG", 1), ("b/c/1.jpg", 3)):
        write_image(tmp_path / path, value)
    (tmp_path / "README.txt").write_text("how to cite")
    images = load_unlabelled(f"images:{tmp_path}")
    assert isinstance(images, Encoded) and len(images) == 3
    red = Fitted(images, (3, 4, 3)).take(np.arange(3))[:, 0, 0, 0]
    assert red.tolist()[:2] == [1, 2]


@pytest.mark.parametrize("name", ["images:{}/nowhere", "images:{}"])
def test_a_folder_without_pictures_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match="no picture"):
        load_unlabelled(name.format(tmp_path))
