"""Images from anywhere in batches that all devices share, and answers without padding."""

import types
from typing import Any

import jax
import numpy as np
import pytest

from braincl_jax.build import init_brain
from braincl_jax.runtime.devices import Devices
from braincl_jax.runtime.examine import Examiner, padded_batches


def images(number: int) -> np.ndarray:
    """One pixel each, the image's own number."""
    return np.arange(number, dtype=np.uint8).reshape(-1, 1, 1, 1)


def test_the_last_batch_is_filled_up_with_what_does_not_count():
    batches = list(padded_batches(images(7), 4, (0, 1)))
    assert [batch.index.tolist() for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, -1]]
    assert [batch.image.ravel().tolist() for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 0]]


@pytest.mark.parametrize(("part", "expected"), [(0, [[0, 1], [4, 5]]), (1, [[2, 3], [6, -1]])])
def test_each_process_hands_in_its_own_rows(part, expected):
    batches = list(padded_batches(images(7), 4, (part, 2)))
    assert [batch.index.tolist() for batch in batches] == expected


def test_full_batches_need_no_padding():
    assert len(list(padded_batches(images(8), 4, (0, 1)))) == 2
    assert list(padded_batches(images(0), 4, (0, 1))) == []


def test_answers_are_those_of_the_images_in_their_order():
    def answer(state, batch):
        """One logit: the pixel and the state."""
        return batch.image.reshape(-1, 1) + np.float32(state), batch.label, batch.index

    parts = types.SimpleNamespace(config=types.SimpleNamespace(eval_batch_size=4))
    method: Any = types.SimpleNamespace(parts=parts)
    devices: Any = types.SimpleNamespace(part=(0, 1))

    class Stream:
        def tested_as(self, task):
            return task

        def test_batches(self, task, batch_size):
            yield from (
                batch._replace(label=10 * task + batch.index)
                for batch in padded_batches(images(5), batch_size, (0, 1))
            )

    def describe(state, batch):
        """One feature: the pixel less the state."""
        return batch.image.reshape(-1, 1) - np.float32(state), batch.label, batch.index

    stream: Any = Stream()
    examiner = Examiner(method, stream, devices, {}, answer, describe)
    exam = examiner.exam(100, task=1, notes={"sources": 3})
    assert exam.predict(images(6)).ravel().tolist() == [100, 101, 102, 103, 104, 105]
    assert exam.features(images(6)).ravel().tolist() == [-100, -99, -98, -97, -96, -95]
    test = exam.test(1)
    assert test.logits.ravel().tolist() == [100, 101, 102, 103, 104]
    assert test.label.tolist() == [10, 11, 12, 13, 14]
    assert (exam.task, exam.notes) == (1, {"sources": 3})


def test_an_evaluator_that_lacks_something_is_heard_before_anything_is_trained(
    make_method, tiny_stream
):
    class Demands:
        def check(self, config, stream):
            raise ValueError(
                f"{config.num_tasks} tasks of {stream.spec.num_classes} classes lack salt"
            )

    class Lacking:
        parts = make_method().parts
        predict = features = None

    devices: Any = types.SimpleNamespace(map_reader=lambda function: function)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "braincl_jax.runtime.examine.build_evaluators", lambda texts: {"salt": Demands()}
        )
        method: Any = Lacking()
        with pytest.raises(ValueError, match="2 tasks of 4 classes lack salt"):
            Examiner.build(method, tiny_stream, devices)


def test_features_of_one_and_of_four_devices_agree(make_method, tiny_stream):
    method = make_method()
    shown = np.random.default_rng(0).integers(0, 256, (22, 16, 16, 1)).astype(np.uint8)
    found = []
    for number in (1, 4):
        devices = Devices(number)
        state = devices.init(lambda key: init_brain(method, key), jax.random.key(0))
        exam = Examiner.build(method, tiny_stream, devices).exam(state, 0, {})
        found.append(exam.features(shown))
    assert found[0].shape == (22, 16)
    np.testing.assert_allclose(*found, rtol=1e-5, atol=1e-6)
