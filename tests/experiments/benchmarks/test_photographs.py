"""Files from photographs: a data set of many classes, the same from the same seed, and parts of it."""

import io

import numpy as np
import pytest
from PIL import Image

from braincl_jax.data import load_source
from experiments.benchmarks import photographs

EACH = {"train": 3, "val": 1}


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    return photographs.write_noise(tmp_path_factory.mktemp("photographs"), 2)


@pytest.fixture(scope="module")
def tree(noise, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    photographs.write_tree(noise, folder, classes=5, per_class=EACH)
    return folder


def contents(folder):
    return {file.relative_to(folder): file.read_bytes() for file in folder.glob("*/*/*")}


def test_the_files_are_a_data_set_of_imagenets_shape(tree):
    data = load_source(f"folder:{tree}")
    assert (len(data.train), len(data.test), data.num_classes) == (15, 5, 5)
    assert data.class_names[:3] == ("noise0-00", "noise0-01", "noise0-02")
    images = [Image.open(io.BytesIO(content)) for content in contents(tree).values()]
    assert {image.format for image in images} == {"JPEG"}
    sizes = [tuple(sorted(image.size)) for image in images]
    assert all(335 <= short < 415 and 450 <= long < 550 for short, long in sizes)
    assert len(set(contents(tree).values())) == 20, "no file is another one"


def test_the_same_seed_makes_the_same_bytes_and_more_files_begin_with_fewer(noise, tree, tmp_path):
    more = tmp_path / "more"
    written = photographs.write_tree(
        noise, more, classes=5, per_class={"train": 4, "val": 1}, seed=0
    )
    assert written == sum(map(len, contents(more).values()))
    assert contents(tree).items() <= contents(more).items()
    photographs.write_tree(noise, tmp_path / "other", classes=5, per_class=EACH, seed=1)
    assert not set(contents(tree).values()) & set(contents(tmp_path / "other").values())


def test_a_part_has_the_first_files_and_takes_no_more_room(tree, tmp_path):
    part = tmp_path / "part"
    photographs.link_part(tree, part, {"train": 2, "val": 1})
    assert len(contents(part)) == 15 and contents(part).items() <= contents(tree).items()
    first = "train/noise0-00/00000.jpg"
    assert (part / first).samefile(tree / first)
    with pytest.raises(ValueError, match="has 3 files; 4 are asked for"):
        photographs.link_part(tree, tmp_path / "much", {"train": 4})


def test_all_photographs_come_in_one_change_of_colours_before_the_next(tmp_path):
    files = [tmp_path / "a.png", tmp_path / "b.png"]
    found = list(photographs.classes_of(files, 15))
    assert [name for name, *_ in found[:3]] == ["a-00", "b-00", "a-01"]
    assert len({name for name, *_ in found}) == 15
    assert found[0][2] == photographs.Colours((0, 1, 2), False)
    assert found[12][2] == photographs.Colours((0, 1, 2), True)


def test_a_class_can_be_told_by_its_colours(tmp_path):
    folder = tmp_path / "red"
    folder.mkdir()
    red = np.zeros((64, 96, 3), np.uint8)
    red[..., 0] = 255
    Image.fromarray(red).save(folder / "red.png")
    photographs.write_tree(folder, tmp_path / "tree", classes=12, per_class={"train": 1})
    brightest = []
    for file in sorted((tmp_path / "tree").glob("train/*/*")):
        means = np.asarray(Image.open(file)).mean((0, 1))
        brightest.append((int(means.argmax()), int(means.argmin())))
    # Red becomes the first of the channels that show it; a negative of it is darkest there.
    assert [one for one, _ in brightest[:6]] == [0, 0, 1, 2, 1, 2]
    assert [other for _, other in brightest[6:]] == [0, 0, 1, 2, 1, 2]


def test_levels_are_mirrored_about_their_middle_and_clipped():
    assert photographs.levels(False, 1.0, 0.0) == list(range(256)) * 3
    assert photographs.levels(True, 1.0, 0.0)[:3] == [255, 254, 253]
    changed = photographs.levels(False, 2.0, 10.0)
    assert (changed[0], changed[128], changed[132], changed[255]) == (0, 138, 146, 255)


def test_too_few_photographs_are_told(noise, tmp_path):
    with pytest.raises(ValueError, match="2 PNG files make up to 24 classes, 25 are asked for"):
        photographs.write_tree(noise, tmp_path, classes=25, per_class=EACH)
