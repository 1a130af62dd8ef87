"""The folder of figures: what lies in it is registered."""

from pathlib import Path

from braincl_jax.registry import FIGURES
from braincl_jax.report import figures

FOLDER = Path(figures.__file__).parent


def test_each_file_is_a_figure_of_its_name_and_of_a_known_scope():
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert files <= set(FIGURES.names())
    assert {FIGURES.build(name).scope for name in files} == {"run", "comparison"}
