"""Every config is a lab note that loads and is possible."""

import ast
from pathlib import Path

import pytest
from absl import flags
from ml_collections import config_flags

from braincl_jax.config import Config, from_mapping
from braincl_jax.data import TaskStream, load_source
from braincl_jax.methods import method_names
from braincl_jax.networks import backbone_names
from braincl_jax.runtime.loop import require_even_batches
from braincl_jax.runtime.processes import MOST_VIRTUAL_DEVICES

CONFIGS = sorted(
    path
    for path in (Path(__file__).parents[1] / "experiments" / "configs").glob("*.py")
    if path.name != "__init__.py"
)
# Bytes of all training images of the quickstart: 5,000 of 28x28.
QUICKSTART_RAW_BYTES = 3_920_000


def load(path: Path) -> Config:
    """As the launcher does: a flag, then the schema."""
    values = flags.FlagValues()
    config_flags.DEFINE_config_file("config", str(path), flag_values=values)
    values(["launch"])
    return from_mapping(values.config.to_dict())


@pytest.fixture(params=CONFIGS, ids=[path.stem for path in CONFIGS])
def path(request) -> Path:
    return request.param


def test_there_is_a_quickstart():
    assert "quickstart" in [path.stem for path in CONFIGS]


def test_a_config_is_a_lab_note(path):
    assert ast.get_docstring(ast.parse(path.read_text())), f"{path.name} says nothing of itself"


def test_a_config_loads_and_names_what_exists(path):
    config = load(path)
    assert config.method in method_names()
    assert config.network.name in backbone_names()


def test_the_batches_of_a_config_can_be_shared_by_the_devices_of_any_cpu(path):
    assert require_even_batches(load(path), MOST_VIRTUAL_DEVICES) is None, "and nothing was raised"


def test_the_quickstart_keeps_at_most_a_tenth_of_the_raw_bytes():
    config = load(next(path for path in CONFIGS if path.stem == "quickstart"))
    stream = TaskStream.create(load_source(config.dataset), num_tasks=config.num_tasks)
    height, width, channels = stream.spec.image_shape
    assert stream.spec.num_images * height * width * channels == QUICKSTART_RAW_BYTES
    assert config.budget_bytes <= QUICKSTART_RAW_BYTES // 10
