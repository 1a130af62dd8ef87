"""Med40 as a data set of tensorflow_datasets."""

from typing import Any

import pytest
import tensorflow_datasets as tfds

from braincl_jax.data.builders.med40.med40_dataset_builder import FLAGS, SIDES, Builder
from tests.data.distributed import write_medmnist

CLASSES = (9, 7, 4, 2, 2, 8, 8)
COLOURED = ("pathmnist", "dermamnist", "bloodmnist")


def test_seven_files_are_one_data_set_of_40_classes(tmp_path):
    for flag, number in zip(FLAGS, CLASSES, strict=True):
        channels = 3 if flag in COLOURED else 1
        write_medmnist(
            tmp_path / f"{flag}_64.npz",
            3 * (number,),
            num_classes=number,
            side=64,
            channels=channels,
        )
    builder = Builder(config="64", data_dir=tmp_path / "data")
    config = tfds.download.DownloadConfig(manual_dir=tmp_path)
    builder.download_and_prepare(file_format="array_record", download_config=config)
    prepared: Any = tfds.builder("med40/64", data_dir=tmp_path / "data")
    assert sorted(int(one["label"]) for one in prepared.as_data_source(split="test")) == list(
        range(40)
    )
    names = prepared.info.features["label"].names
    assert names[0] == "pathmnist/0" and names[-1] == "tissuemnist/7"


@pytest.mark.parametrize("side", SIDES)
def test_files_of_each_side_are_asked_for_by_their_names(tmp_path, side):
    name = "pathmnist.npz" if side == "28" else f"pathmnist_{side}.npz"
    with pytest.raises(ValueError, match=rf"/{name}: no such file; download it from"):
        Builder(config=side, data_dir=tmp_path / "data").load(tmp_path)
