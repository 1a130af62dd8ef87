"""Every config is a lab note that loads and is possible."""

import ast
import math
from pathlib import Path

import pytest
from absl import flags
from ml_collections import config_flags

from braincl_jax.build import build_stream
from braincl_jax.config import Config, from_mapping
from braincl_jax.runtime.devices import require_even_batches
from braincl_jax.runtime.processes import MOST_VIRTUAL_DEVICES

CONFIGS = sorted(
    path
    for path in (Path(__file__).parents[2] / "experiments" / "configs").glob("*.py")
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


def test_a_config_loads_and_spells_out_what_it_names(path):
    config = load(path)
    assert config.method == "braincl"
    assert config.network.startswith("resnet") and "width=" in config.network


def test_the_batches_of_a_config_can_be_shared_by_the_devices_of_any_cpu(path):
    assert require_even_batches(load(path), MOST_VIRTUAL_DEVICES) is None, "and nothing was raised"


def test_the_quickstart_keeps_at_most_a_tenth_of_the_raw_bytes():
    config = load(next(path for path in CONFIGS if path.stem == "quickstart"))
    spec = build_stream(config).spec
    assert spec.num_images * math.prod(spec.image_shape) == QUICKSTART_RAW_BYTES
    assert config.budget_bytes <= QUICKSTART_RAW_BYTES // 10
