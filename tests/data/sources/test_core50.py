"""CORe50, its sessions and its lists."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from braincl_jax.data import TaskStream, load_source
from tests.data.distributed import (
    core50_name,
    core50_nc_lists,
    core50_ni_lists,
    write_core50,
    write_lists,
)

TRAINING, TESTING = [1, 2, 4, 5, 6, 8, 9, 11], [3, 7, 10]
# A run numbers objects anew.
ORDER = np.random.default_rng(0).permutation(np.arange(1, 51)).tolist()


@pytest.fixture(scope="session")
def written(tmp_path_factory) -> Path:
    """All 550 folders with an image each; nobody may change it."""
    folder = tmp_path_factory.mktemp("core50") / "core50_128x128"
    write_core50(folder)
    return folder


@pytest.fixture
def folder(written, tmp_path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(written, tmp_path / "core50_128x128"))


@pytest.fixture
def with_lists(written, tmp_path):
    """Writes lists; the name of the source with them."""

    def write(lists: dict[str, list[str]]) -> str:
        write_lists(tmp_path / "run0", lists)
        return f"core50:{written}?lists={tmp_path / 'run0'}"

    return write


def test_sessions_3_7_and_10_are_to_test_on(written, images):
    data = load_source(f"core50:{written}")
    train, test = images(data.train), images(data.test)
    assert train.shape == (400, 8, 8, 3) and test.shape == (150, 8, 8, 3)
    assert train[::50, 0, 0, 0].tolist() == TRAINING and test[::50, 0, 0, 0].tolist() == TESTING
    np.testing.assert_array_equal(train[:, 4, 4, 1], data.train_labels + 1)
    np.testing.assert_array_equal(test[:, 4, 4, 1], data.test_labels + 1)
    assert data.class_names[:2] == ("o1", "o2") and data.num_classes == 50


def test_domains_are_sessions_in_their_order(written, images):
    data = load_source(f"core50:{written}")
    assert data.train_domains is not None and data.train_domains.dtype == np.int64
    sessions = np.array(TRAINING)[data.train_domains]
    np.testing.assert_array_equal(images(data.train)[:, 0, 0, 0], sessions)


def test_categories_have_five_objects_each(written, images):
    data = load_source(f"core50:{written}?classes=categories")
    assert data.num_classes == 10 and data.class_names[9] == "remote controls"
    np.testing.assert_array_equal((images(data.train)[:, 0, 0, 1] - 1) // 5, data.train_labels)
    np.testing.assert_array_equal((images(data.test)[:, 0, 0, 1] - 1) // 5, data.test_labels)


def test_nc_lists_number_objects_anew_and_their_batches_are_domains(with_lists, images):
    data = load_source(with_lists(core50_nc_lists(ORDER)))
    assert data.class_names == tuple(f"o{number}" for number in ORDER)
    for some, labels in ((data.train, data.train_labels), (data.test, data.test_labels)):
        np.testing.assert_array_equal(images(some)[:, 0, 0, 1], np.array(ORDER)[labels])
    assert data.train_domains is not None
    assert np.unique(data.train_domains).tolist() == list(range(9))
    np.testing.assert_array_equal(data.train_domains, np.maximum(data.train_labels // 5 - 1, 0))
    assert set(images(data.train)[:, 0, 0, 0]) == set(TRAINING)


def test_ni_lists_bring_sessions_in_an_order_of_their_own(with_lists, images):
    order = [5, 1, 11, 8, 2, 4, 9, 6]
    data = load_source(with_lists(core50_ni_lists(order)))
    sessions = np.array(order)[data.train_domains]
    np.testing.assert_array_equal(images(data.train)[:, 0, 0, 0], sessions)
    np.testing.assert_array_equal(images(data.train)[:, 0, 0, 1], data.train_labels + 1)
    assert data.class_names[49] == "o50"


def test_categories_of_lists_are_those_of_the_objects(with_lists, images):
    data = load_source(f"{with_lists(core50_nc_lists(ORDER))},classes=categories")
    np.testing.assert_array_equal((images(data.train)[:, 0, 0, 1] - 1) // 5, data.train_labels)


def test_lists_lie_beside_the_images(folder):
    write_lists(folder.parent / "batches_filelists/NC_inc/run3", core50_nc_lists(ORDER))
    data = load_source(f"core50:{folder}?lists=NC_inc/run3")
    assert data.class_names[0] == f"o{ORDER[0]}"


def test_the_first_task_of_a_stream_has_the_first_objects_of_the_run(with_lists):
    data = load_source(with_lists(core50_nc_lists(ORDER)))
    stream = TaskStream.create(data, num_tasks=5, class_order_seed=-1)
    batch = stream.batch_at(0, batch_size=16, step=0, seed=0)
    np.testing.assert_array_equal(
        np.asarray(batch.image)[:, 0, 0, 1], np.array(ORDER)[np.asarray(batch.label)]
    )
    assert stream.class_names[:10] == tuple(f"o{number}" for number in ORDER[:10])


def test_images_in_no_list_are_told(with_lists, caplog):
    lists = core50_nc_lists(ORDER)
    lists["train_batch_02_filelist.txt"].pop()
    lists["test_filelist.txt"].pop()
    data = load_source(with_lists(lists))
    assert (len(data.train), len(data.test)) == (399, 149)
    (message,) = [record.getMessage() for record in caplog.records]
    assert "left out 2 images that are in none of its lists" in message


def test_what_is_not_downloaded_is_named_with_where_to_get_it(tmp_path, written):
    with pytest.raises(ValueError, match=r"/s1 and .*/s11 not found; download core50_128x128\.zip"):
        load_source(f"core50:{tmp_path}")
    with pytest.raises(
        ValueError, match=r"batches_filelists/NC_inc/run9 not found; download batches_filelists"
    ):
        load_source(f"core50:{written}?lists=NC_inc/run9")


def test_a_folder_without_images_is_named(folder):
    (folder / core50_name(4, 17, 0)).unlink()
    with pytest.raises(ValueError, match=r"no image in s4/o17; download core50_128x128\.zip from"):
        load_source(f"core50:{folder}")


def test_an_unknown_kind_of_classes_is_refused(written):
    with pytest.raises(ValueError, match=r"need PATH\?classes=objects\|categories,lists=TEXT"):
        load_source(f"core50:{written}?classes=objekts")


def swapped(lists: dict[str, list[str]], old: str, new: str) -> dict[str, list[str]]:
    """The lists with a text replaced in all lines."""
    return {name: [line.replace(old, new) for line in lines] for name, lines in lists.items()}


def moved(lists: dict[str, list[str]], source: str, target: str) -> dict[str, list[str]]:
    """The lists with the last line of one in another as well."""
    return {**lists, target: [*lists[target], lists[source][-1]]}


FIRST, SECOND, TEST = (
    *("train_batch_00_filelist.txt", "train_batch_01_filelist.txt"),
    "test_filelist.txt",
)
NC = core50_nc_lists(ORDER)
WRONG_LISTS = {
    "a file that is not there": (
        swapped(NC, core50_name(1, 7, 0), core50_name(1, 7, 9)),
        r"has the line 's1/o7/C_01_07_009\.png \d+'; need .* a file that is there",
    ),
    "a line of another form": ({**NC, FIRST: ["s1/o1/C_01_01_000.png"]}, "has the line 's1/o1/C"),
    "a label that is no number": ({**NC, FIRST: ["s1/o1/C_01_01_000.png one"]}, "has the line"),
    "a file in two batches": (moved(NC, FIRST, SECOND), "train_batch_01.* in no list before"),
    "a test image to train on": (moved(NC, TEST, FIRST), r"train_batch_00.*sessions \(3, 7, 10\)"),
    "a training image to test on": (moved(NC, FIRST, TEST), r"test_filelist\.txt has the line"),
    "no list to test on": ({k: v for k, v in NC.items() if k != TEST}, "test_filelist.txt not fou"),
    "a batch left out": (
        {k: v for k, v in NC.items() if k != SECOND},
        r"batches \[0, 2, 3, .*need",
    ),
    "no training batch": ({TEST: NC[TEST]}, r"has the training batches \[\]"),
    "two objects of a label": (swapped(NC, ".png 49", ".png 48"), r"label 48 is of s\d+/o\d+/C"),
    "a class only in test": (
        {k: v for k, v in NC.items() if k != "train_batch_08_filelist.txt"},
        r"labels \[0, 1, .*44\], of the objects .*; need 0, 1, ..., one for each object",
    ),
    "labels with a gap": (swapped(NC, ".png 49", ".png 50"), r"have the labels .* 48, 50\]"),
    "labels of two runs": (
        {**NC, TEST: core50_nc_lists(ORDER[::-1])[TEST]},
        r"label 0 is of s3/o\d+/C_03_\d\d_000\.png and of o\d+",
    ),
}


@pytest.mark.parametrize("wrong", WRONG_LISTS)
def test_lists_that_do_not_fit_are_refused(with_lists, wrong):
    lists, message = WRONG_LISTS[wrong]
    with pytest.raises(ValueError, match=rf"{message}.*download batches_filelists\.zip from"):
        load_source(with_lists(lists))
