"""CORe50 as a data set of tensorflow_datasets."""

from typing import Any

import pytest
import tensorflow_datasets as tfds

from braincl_jax.data.builders.core50.core50_dataset_builder import Builder
from tests.data.distributed import write_core50


def test_what_is_prepared_is_what_was_downloaded(tmp_path):
    write_core50(tmp_path / "core50_128x128", side=4)
    builder = Builder(data_dir=tmp_path / "data")
    config = tfds.download.DownloadConfig(manual_dir=tmp_path)
    builder.download_and_prepare(file_format="array_record", download_config=config)
    prepared: Any = tfds.builder("core50", data_dir=tmp_path / "data")
    test = prepared.as_data_source(split="test")
    # Red and green are session and object.
    found = {(*one["image"][0, 0, :2].tolist(), int(one["label"])) for one in test}
    assert found == {(s, o, o - 1) for s in (3, 7, 10) for o in range(1, 51)}
    assert len(prepared.as_data_source(split="train")) == 400


def test_what_is_not_downloaded_is_named_with_where_to_get_it(tmp_path):
    (tmp_path / "s1").mkdir()
    with pytest.raises(ValueError, match=r"download core50_128x128\.zip from"):
        Builder(data_dir=tmp_path / "data").load(tmp_path)
    assert "core50_128x128.zip" in str(Builder.MANUAL_DOWNLOAD_INSTRUCTIONS)
