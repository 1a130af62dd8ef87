"""Protocols: lists of classes, their order, and how many of them each task brings."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets

from braincl_jax.config import ProtocolConfig
from braincl_jax.data.protocols import (
    chosen_classes,
    class_order,
    counts_of_tasks,
    list_names,
    named_classes,
    read_class_list,
)

NAMES = ("cat", "dog", "eel", "fox")
FOUND = Path(tensorflow_datasets.__file__).parent / "datasets" / "imagenet2012" / "labels.txt"


@pytest.fixture(scope="module")
def imagenet() -> list[str]:
    """The ids of the 1,000 classes of ImageNet-1K, as another library has them, sorted."""
    return sorted(FOUND.read_text().split())


def test_the_lists_of_imagenet_100_are_three_with_few_classes_in_common(imagenet):
    assert list_names() == ("imagenet100_a", "imagenet100_b", "imagenet100_c")
    lists = [set(named_classes(name)) for name in list_names()]
    assert [len(one) for one in lists] == [100, 100, 100]
    assert set().union(*lists) <= set(imagenet)
    assert {len(one & other) for one, other in itertools.combinations(lists, 2)} == {7, 8, 9}


def test_list_a_is_the_first_hundred_classes_and_list_b_follows_from_its_recipe(imagenet):
    assert list(named_classes("imagenet100_a")) == imagenet[:100]
    drawn = np.random.RandomState(1993).choice(imagenet, 100, replace=False)
    assert list(named_classes("imagenet100_b")) == sorted(drawn)


def test_a_named_list_chooses_from_a_larger_data_set_and_is_permuted_as_the_field_does(imagenet):
    order = class_order(imagenet, "imagenet100_a", 1993)
    assert order[:6].tolist() == [68, 56, 78, 8, 23, 84]
    of_b = class_order(imagenet, "imagenet100_b", -1)
    assert [imagenet[number] for number in of_b] == list(named_classes("imagenet100_b"))


def test_without_names_all_classes_are_there_in_the_order_of_the_source():
    assert class_order(NAMES, "", -1).tolist() == [0, 1, 2, 3]
    assert (class_order(NAMES, " ", 7) == np.random.RandomState(7).permutation(4)).all()


@pytest.mark.parametrize("text", ["fox, cat,eel", "3,0,2", "fox, 0, eel"])
def test_classes_are_named_or_numbered_in_the_order_that_is_wanted(text):
    assert class_order(NAMES, text, -1).tolist() == [3, 0, 2]
    permuted = np.array([3, 0, 2])[np.random.RandomState(5).permutation(3)]
    assert (class_order(NAMES, text, 5) == permuted).all()


def test_where_names_are_numbers_a_number_is_a_name():
    assert chosen_classes(("1", "2", "3"), "3, 1").tolist() == [2, 0]
    with pytest.raises(ValueError, match="no class '0'"):
        chosen_classes(("1", "2", "3"), "0")


def test_a_list_of_your_own_is_a_file_that_may_have_remarks(tmp_path):
    file = tmp_path / "mine.txt"
    file.write_text("# two of them\nfox\n\n  dog \n")
    assert read_class_list(file) == ("fox", "dog")
    assert class_order(NAMES, str(file), -1).tolist() == [3, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "No such file"), (b"\xff\xfe", "cannot be read"), (b"# nothing\n", "has no names")],
)
def test_a_file_that_is_no_list_is_named_with_what_is_needed(tmp_path, content, message):
    file = tmp_path / "mine.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        class_order(NAMES, str(file), -1)
    assert f"protocol.classes={file}" in str(error.value)
    assert "a text file with the name of a class on each line" in str(error.value)


@pytest.mark.parametrize(
    ("names", "text", "message"),
    [
        (NAMES, "fox, cow, hen", r"no class 'cow', 'hen'; it has 'cat', .* \(imagenet100_a, .*txt"),
        (NAMES, "imagenet100_d", "no class 'imagenet100_d'"),
        (NAMES, "imagenet100_a", r"no class 'n01440764', .*\.\.\. \(100 in all\)"),
        (NAMES, "4", "no class '4'"),
        (NAMES, "fox,,cat", "no class ''"),
        (NAMES, "fox, cat, fox", "'fox' is there more than once; need each class once"),
        (NAMES, "fox, 3", "by its name and its number; need each class once"),
        (("cat", "cat", "eel"), "eel, cat", "several classes have the name 'cat'; need numbers"),
    ],
)
def test_classes_that_are_not_there_or_there_twice_are_refused(names, text, message):
    with pytest.raises(ValueError, match=rf"protocol\.classes='{text}': .*{message}"):
        chosen_classes(names, text)


def test_classes_of_one_name_have_numbers():
    assert chosen_classes(("cat", "cat", "eel"), "1, 0").tolist() == [1, 0]


@pytest.mark.parametrize(
    ("num_tasks", "each", "settings", "counts"),
    [
        (5, 0, {}, (20,) * 5),
        (3, 7, {}, (7, 7, 7)),
        (100, 0, {}, (1,) * 100),
        # B50-Inc5 and B50-Inc10.
        (11, 0, {"first_task_classes": 50}, (50, *(5,) * 10)),
        (6, 0, {"first_task_classes": 50}, (50, *(10,) * 5)),
        (3, 4, {"first_task_classes": 50}, (50, 4, 4)),
        (1, 0, {"first_task_classes": 50}, (50,)),
        (2, 0, {"first_task_classes": 99}, (99, 1)),
        (3, 0, {"classes_of_tasks": (60, 1, 39)}, (60, 1, 39)),
        (2, 0, {"classes_of_tasks": (60, 1)}, (60, 1)),
    ],
)
def test_classes_are_shared_out(num_tasks, each, settings, counts):
    assert counts_of_tasks(100, num_tasks, each, ProtocolConfig(**settings)) == counts


@pytest.mark.parametrize(
    ("num_tasks", "each", "settings", "message"),
    [
        (2, 0, {"first_task_classes": 100}, r"first_task_classes=100: 2 tasks .*need 1\.\.99"),
        (
            *(9, 0, {"first_task_classes": 50}),
            r"num_tasks=9: 50 classes after the first task .*need one of \[2, 3, 6, 11, 26, 51\]",
        ),
        (
            *(11, 6, {"first_task_classes": 50}),
            r"classes_per_task=6: 10 tasks share 50 classes after the first task; need 1\.\.5",
        ),
        (3, 0, {"classes_of_tasks": (50, 50)}, r"\(50, 50\) is of 2 tasks, but num_tasks=3"),
        (2, 0, {"classes_of_tasks": (50, 51)}, "are 101 classes; need at most the 100"),
        (2, 3, {"classes_of_tasks": (50, 50)}, "classes_per_task=3 is impossible .*need 0"),
    ],
)
def test_classes_that_cannot_be_shared_out_so_are_refused(num_tasks, each, settings, message):
    with pytest.raises(ValueError, match=message):
        counts_of_tasks(100, num_tasks, each, ProtocolConfig(**settings))
