"""An exam: who is asked what, and how often."""

import types
from typing import Any

import numpy as np
import pytest

from braincl_jax.config import ProtocolConfig
from braincl_jax.data import Dataset, TaskStream
from braincl_jax.evaluators import Answers, Exam


def answers(*pairs) -> Answers:
    """Sure answers among 4 classes, from (said, right) pairs."""
    said, right = zip(*pairs, strict=True)
    return Answers(np.eye(4, dtype=np.float32)[list(said)], np.array(right, np.int32))


@pytest.fixture
def exam():
    """An exam after task 1, and the tasks whose test images were asked for."""
    sheets = {0: answers((0, 0), (1, 0)), 1: answers((2, 2), (3, 3), (2, 3), (3, 3))}
    asked = []

    def ask(task: int) -> Answers:
        asked.append(task)
        return sheets[task]

    nobody: Any = None
    stream: Any = types.SimpleNamespace(tested_as=lambda task: task)
    return Exam(1, stream, nobody, {}, nobody, nobody, ask, nobody), asked


def test_accuracy_is_the_share_of_largest_logits_that_are_right():
    # The logits of an image may be of any size: 0 is right, 2 and 3 are not.
    logits = np.array([[-1, -5, -9], [3, 2, 2.9], [0, 0, 7], [9, 9.5, 9]], np.float32)
    assert Answers(logits, np.array([0, 0, 1, 2], np.int32)).accuracy() == 0.5


def test_test_images_of_a_task_are_shown_once_however_many_want_to_know(exam):
    exam, asked = exam
    assert exam.test(1).accuracy() == 0.75
    assert exam.test(1) is exam.test(1)
    assert asked == [1]


def test_all_classes_seen_are_those_of_the_tasks_so_far_in_order(exam):
    exam, asked = exam
    seen = exam.seen()
    assert seen.label.tolist() == [0, 0, 2, 3, 3, 3]
    assert seen.logits.argmax(-1).tolist() == [0, 1, 2, 3, 2, 3]
    # Images count alike, not tasks: 4 of 6.
    assert seen.accuracy() == pytest.approx(4 / 6)
    assert asked == [0, 1]
    exam.seen()
    assert asked == [0, 1]


def test_a_test_set_that_tasks_share_is_asked_about_and_counted_once(exam):
    exam, asked = exam
    exam.stream.tested_as = lambda task: 0
    assert exam.test(1) is exam.test(0)
    assert exam.seen().label.tolist() == [0, 0]
    assert asked == [0]


def stream_of(*task_classes: tuple[int, ...]) -> Any:
    return types.SimpleNamespace(
        spec=types.SimpleNamespace(task_classes=task_classes), tested_as=lambda task: task
    )


def test_classes_seen_are_those_of_the_tasks_so_far_each_once(exam):
    exam, _ = exam
    exam.stream = stream_of((3,), (0, 3), (1, 2))
    assert exam.seen_classes().tolist() == [0, 3]


def test_unseen_are_the_classes_of_tasks_to_come_asked_about_once(exam):
    exam, asked = exam
    exam.task, exam.stream = 0, stream_of((0,), (2, 3))
    unseen = exam.unseen()
    assert unseen.label.tolist() == [2, 3, 3, 3]
    assert unseen.logits.argmax(-1).tolist() == [2, 3, 2, 3]
    exam.test(1)
    exam.unseen()
    assert asked == [1]


def test_a_class_of_a_task_to_come_that_an_earlier_task_had_is_not_unseen(exam):
    exam, _ = exam
    exam.task, exam.stream = 0, stream_of((0, 2), (2, 3))
    assert exam.unseen().label.tolist() == [3, 3, 3]


def test_nobody_is_asked_where_no_class_is_unseen(exam):
    exam, asked = exam
    exam.stream = stream_of((0,), (2, 3))
    assert exam.unseen() is None
    exam.task, exam.stream = 0, stream_of((0, 2, 3), (0, 2, 3))
    assert exam.unseen() is None
    assert asked == []


@pytest.mark.parametrize(
    ("incremental", "unseen"), [("classes", [[1, 2, 3], [2, 3], None]), ("domains", 3 * [None])]
)
def test_of_a_real_stream_unseen_are_the_test_images_of_all_tasks_to_come(incremental, unseen):
    label = np.arange(24) % 4
    images = np.zeros((24, 4, 4, 1), np.uint8)
    dataset = Dataset.of_arrays(images, label, images, label)
    counts = (1, 1, 2) if incremental == "classes" else ()
    if not counts:
        dataset = dataset._replace(train_domains=np.arange(24) // 4 % 3)
    protocol = ProtocolConfig(incremental=incremental, classes_of_tasks=counts)
    stream = TaskStream.create(dataset, num_tasks=3, class_order_seed=-1, protocol=protocol)

    def ask(task: int) -> Answers:
        own = stream.test_labels(task)
        return Answers(np.eye(4, dtype=np.float32)[own], own)

    nobody: Any = None
    for task, classes in enumerate(unseen):
        found = Exam(task, stream, nobody, {}, nobody, nobody, ask, nobody).unseen()
        assert (found and np.unique(found.label).tolist()) == classes
        assert found is None or len(found.label) == 6 * len(classes)
