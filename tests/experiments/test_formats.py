"""The same images as arrays, as mapped arrays, as files and as array_record: the same batches, and the same run."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from braincl_jax.build import build_stream
from braincl_jax.data.fingerprint import fingerprint
from braincl_jax.runtime.compute import MEASURED
from experiments.arguments import read_config

NUM_CLASSES, SIDE = 12, 32
PER_CLASS = {"train": 8, "test": 2}
# What differs between runs on the same images, besides the name of their data set.
OWN = ("wall_seconds", "sha256")


def pixels_and_labels(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Noise, class after class: the order in which the files of a folder are read."""
    number = NUM_CLASSES * PER_CLASS[split]
    rng = np.random.default_rng(number)
    return (
        rng.integers(0, 256, (number, SIDE, SIDE, 3), np.uint8),
        np.repeat(np.arange(NUM_CLASSES), PER_CLASS[split]),
    )


def arrays() -> dict[str, np.ndarray]:
    found = {}
    for split in PER_CLASS:
        found[f"x_{split}"], found[f"y_{split}"] = pixels_and_labels(split)
    return found | {"class_names": np.array(class_names())}


def class_names() -> list[str]:
    return [f"class {label:02d}" for label in range(NUM_CLASSES)]


def as_npz(folder: Path) -> str:
    np.savez_compressed(folder / "images.npz", allow_pickle=False, **arrays())
    return f"npz:{folder}/images.npz"


def as_npy(folder: Path) -> str:
    for name, array in arrays().items():
        np.save(folder / f"{name}.npy", array)
    return f"npy:{folder}"


def as_files(folder: Path) -> str:
    for split in PER_CLASS:
        for row, (pixels, label) in enumerate(zip(*pixels_and_labels(split), strict=True)):
            file = folder / split / class_names()[label] / f"{row:03d}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(file)
    return f"folder:{folder}"


def as_array_record(folder: Path) -> Iterator[str]:
    tfds = pytest.importorskip("tensorflow_datasets")
    from tensorflow_datasets.core.utils import file_utils

    def png(pixels: np.ndarray) -> io.BytesIO:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "png")
        file.seek(0)
        return file

    class SameImages(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = {
                "image": tfds.features.Image(shape=(SIDE, SIDE, 3)),
                "label": tfds.features.ClassLabel(names=class_names()),
            }
            return tfds.core.DatasetInfo(
                builder=self,
                features=tfds.features.FeaturesDict(features),
                # Keys are then numbers, by which images stay in their order.
                disable_shuffling=True,
            )

        def _split_generators(self, dl_manager):
            return {split: self._generate_examples(split) for split in PER_CLASS}

        def _generate_examples(self, split):
            for row, (pixels, label) in enumerate(zip(*pixels_and_labels(split), strict=True)):
                yield row, {"image": png(pixels), "label": int(label)}

    SameImages(data_dir=folder).download_and_prepare(file_format="array_record")
    tfds.core.add_data_dir(folder)
    yield "tfds:same_images"
    file_utils.clear_registered_data_dirs()


# As in test_tfds.py: a builder is defined once in a process.
@pytest.fixture(scope="session")
def datasets(tmp_path_factory) -> Iterator[list[str]]:
    """The names of the same data set in all formats."""
    made = [write(tmp_path_factory.mktemp(write.__name__)) for write in (as_npz, as_npy, as_files)]
    for record in as_array_record(tmp_path_factory.mktemp("records")):
        yield [*made, record]


def test_batches_are_the_same_bit_for_bit(datasets, assert_same):
    flags = ("--config=quickstart", "--config.num_tasks=4")
    first, *others = (
        build_stream(read_config([*flags, f"--config.dataset={name}"])) for name in datasets
    )
    assert first.spec.image_shape == (SIDE, SIDE, 3)
    assert [name.partition(":")[0] for name in datasets] == ["npz", "npy", "folder", "tfds"]
    for other in others:
        assert (other.spec, other.class_order) == (first.spec, first.class_order)
        assert other.class_names == first.class_names
        for task in range(4):
            for step in (0, 3):
                batches = [
                    one.batch_at(task, batch_size=7, step=step, seed=1) for one in (first, other)
                ]
                assert_same(*batches)
            tested = [list(one.test_batches(task, batch_size=4)) for one in (first, other)]
            assert_same(*tested)
        assert fingerprint(other) == fingerprint(first)


def told(summary: dict[str, Any]) -> dict[str, Any]:
    """A summary without what is a run's own."""
    kept = {name: value for name, value in summary.items() if name not in OWN}
    kept["compute"] = {
        name: costs for name, costs in kept["compute"].items() if name not in MEASURED
    }
    return json.loads(json.dumps(kept).replace(summary["dataset"], "the data set"))


def test_runs_are_the_same_figure_for_figure(datasets, run_alike, alike):
    flags = ("--config=cifar100_b50:smoke", "--config.protocol.max_per_class=2", *alike)
    first, *others = (
        run_alike(read_config([*flags, f"--config.dataset={name}"])) for name in datasets
    )
    phases = {line["phase"] for line in first.log}
    assert {"encode", "classify", "transfer", "replay", "after_task"} <= phases
    for other in others:
        assert other.log == first.log
        assert told(other.summary) == told(first.summary)
