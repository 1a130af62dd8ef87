"""The smoke form of each config of a published data set, on generated data as distributors ship them."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from braincl_jax.build import build_stream
from braincl_jax.config import INCREMENTS, Config
from braincl_jax.data.protocols import LISTS, read_class_list
from braincl_jax.report.forecast import format_forecast
from braincl_jax.runtime.forecast import forecast
from experiments.arguments import read_config
from experiments.configs import med40, quickstart
from experiments.forms import in_form
from tests.data import distributed

NUM_WNIDS, PER_CLASS = 1000, 2
# Of the seven data sets of Med40, in their order.
MED_CLASSES, MED_CHANNELS = (9, 7, 4, 2, 2, 8, 8), (3, 3, 1, 1, 1, 3, 1)
# Of a smoke form.
NUM_CLASSES = 4


class Expected(NamedTuple):
    """What is known of a protocol in full.

    Attributes:
        order: numbers of the first classes that arrive.
        counts: classes of each task.
    """

    order: tuple[int, ...]
    counts: list[int]


PUBLISHED = {
    # NumPy's permutations of seed 1993, as printed in class-incremental code since iCaRL.
    "imagenet1k": Expected((54, 7, 894, 512, 126), [100] * 10),
    "tiny_imagenet": Expected((), [20] * 10),
    "cifar100": Expected((), [10] * 10),
    "cifar100_b50": Expected((68, 56, 78, 8, 23), [50, 10, 10, 10, 10, 10]),
    "core50": Expected((), [10] * 5),
    "core50_ni": Expected((0, 1, 2), [50] * 8),
    "med40": Expected((), [10] * 4),
    "omniglot_1623": Expected((), [10] * 162),
    "imagenet100": Expected((), [10] * 10),
}


def config_of(name: str, *flags: str) -> Config:
    return read_config([f"--config={name}", *flags])


def wnids() -> list[str]:
    """A thousand, those of ImageNet-100 among them."""
    listed = read_class_list(LISTS / "imagenet100_b.txt")
    others = (f"n{number:08d}" for number in range(NUM_WNIDS))
    return sorted([*listed, *others][:NUM_WNIDS])


def imagenet(folder: Path) -> str:
    """Folders to train on, a flat val and the devkit as it is packed."""
    distributed.write_imagenet_train(folder, wnids(), PER_CLASS)
    labels = list(range(NUM_WNIDS))
    distributed.write_imagenet_val(folder, labels)
    distributed.write_devkit(folder, distributed.imagenet_devkit(wnids(), labels), packed=True)
    return f"imagenet:{folder}"


def core50(folder: Path) -> str:
    distributed.write_core50(folder / "core50_128x128")
    return f"core50:{folder}/core50_128x128"


def medmnist(folder: Path) -> str:
    for flag, classes, channels in zip(med40.FLAGS, MED_CLASSES, MED_CHANNELS, strict=True):
        file, sizes = folder / f"{flag}mnist_64.npz", (PER_CLASS * classes, classes, classes)
        distributed.write_medmnist(file, sizes, num_classes=classes, side=64, channels=channels)
    names = config_of("med40").dataset.rpartition("/")[2]
    return f"medmnist:{folder}/{names}"


def tiny_imagenet(folder: Path) -> str:
    distributed.write_tiny_imagenet(folder, wnids()[:200], PER_CLASS)
    return f"tiny_imagenet:{folder}"


def npz(folder: Path, num_classes: int, side: int) -> str:
    rng, arrays = np.random.default_rng(0), {}
    for split, number in (("train", PER_CLASS), ("test", 1)):
        labels = np.arange(number * num_classes) % num_classes
        arrays[f"x_{split}"] = rng.integers(0, 256, (len(labels), side, side, 3), np.uint8)
        arrays[f"y_{split}"] = labels
    np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)
    return f"npz:{folder}/arrays.npz"


WRITERS: dict[str, Callable[[Path], str]] = {
    "imagenet": imagenet,
    "core50": core50,
    "medmnist": medmnist,
    "tiny_imagenet": tiny_imagenet,
    "cifar100": functools.partial(npz, num_classes=100, side=32),
    "omniglot": functools.partial(npz, num_classes=1623, side=28),
}
WRITTEN_FOR = {
    **{"imagenet1k": "imagenet", "imagenet100": "imagenet", "core50": "core50"},
    **{"core50_ni": "core50", "med40": "medmnist", "tiny_imagenet": "tiny_imagenet"},
    **{"cifar100": "cifar100", "cifar100_b50": "cifar100", "omniglot_1623": "omniglot"},
}


@pytest.fixture(scope="module")
def dataset_of(tmp_path_factory) -> Callable[[str], str]:
    """Writes the data set of a config, once; its name."""
    written = functools.cache(lambda kind: WRITERS[kind](tmp_path_factory.mktemp(kind)))
    return lambda name: written(WRITTEN_FOR[name])


@pytest.mark.parametrize("name", WRITTEN_FOR)
def test_a_protocol_is_that_of_its_note(dataset_of, name):
    stream = build_stream(config_of(name, f"--config.dataset={dataset_of(name)}"))
    order, counts = PUBLISHED[name]
    assert stream.class_order[: len(order)] == order
    assert [len(classes) for classes in stream.spec.task_classes] == counts


def test_the_classes_of_imagenet100_are_those_of_its_list(dataset_of):
    config = config_of("imagenet100", f"--config.dataset={dataset_of('imagenet100')}")
    listed = read_class_list(LISTS / "imagenet100_b.txt")
    # The published order of these classes: the list, permuted.
    assert build_stream(config).class_names[:3] == (listed[68], listed[56], listed[78])


@pytest.mark.parametrize("incremental", INCREMENTS)
def test_smoke_forms_are_foreseen_and_run(dataset_of, run_alike, alike, incremental):
    names = [name for name in WRITTEN_FOR if config_of(name).protocol.incremental == incremental]
    assert names
    for name in names:
        full, dataset = config_of(name), dataset_of(name)
        per_class = PER_CLASS if incremental == "classes" else full.num_tasks
        flags = (*alike, f"--config.protocol.max_per_class={per_class}")
        config = config_of(f"{name}:smoke", f"--config.dataset={dataset}", *flags)
        told = format_forecast(forecast(config, build_stream(config), compiled=False))
        assert told.endswith("nothing was trained or written"), name
        summary, _ = run_alike(config)
        assert (summary["dataset"], summary["method"]) == (dataset, full.method)
        assert summary["num_cues"] == summary["num_train_images"] == NUM_CLASSES * per_class, name
        assert len(summary["accuracy_matrix"]) == config.num_tasks, name
        order = build_stream(config_of(name, f"--config.dataset={dataset}")).class_order
        assert tuple(summary["class_order"]) == order[:NUM_CLASSES], name


@pytest.mark.parametrize(
    ("name", "generated"),
    [
        ("cifar100", "classes=100,train=50000,test=10000,side=32"),
        ("cifar100_b50", "classes=100,train=50000,test=10000,side=32"),
        ("tiny_imagenet", "classes=200,train=100000,test=10000,side=64"),
        ("core50", "classes=50,train=119894,test=44972,side=128"),
        ("med40", "classes=40,train=20000,test=4000,side=64"),
        ("imagenet1k", "classes=1000,train=1281167,test=50000,side=256"),
    ],
)
def test_in_full_a_config_can_be_foreseen(name, generated):
    config = config_of(name, f"--config.dataset=generated:{generated}", "--config.num_devices=1")
    foreseen = forecast(config, build_stream(config), compiled=False)
    assert foreseen.memory_bytes["total"] == config.budget_bytes


def test_another_form_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match=r"form 'tiny' .*; need none, or NAME:smoke"):
        in_form(quickstart.get_config(), "tiny")


def test_in_full_a_config_is_as_it_was():
    assert in_form(quickstart.get_config(), "") == quickstart.get_config()


def test_a_large_first_task_becomes_a_small_one():
    config = quickstart.get_config()
    config.update({"protocol": {"first_task_classes": 50}})
    small: Any = in_form(config, "smoke")
    assert (small.num_tasks, small.classes_per_task) == (2, 2)
    assert small.protocol.first_task_classes == 2
