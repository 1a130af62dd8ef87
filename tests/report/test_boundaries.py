"""What the report reads: summaries, and of the package only registry, settings, the named metrics and spread."""

import ast
from pathlib import Path

import pytest

from braincl_jax import report

FOLDER = Path(report.__file__).parent
ALLOWED = tuple(
    f"braincl_jax.{part}"
    for part in ("report", "registry", "settings", "evaluators.metrics", "spread")
)


def imported(path: Path) -> set[str]:
    """Names of the package that a file imports; of `from a import b`, a.b."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.split(".")[0] == "braincl_jax"}


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: path.stem)
def test_the_report_knows_nothing_of_how_a_run_is_made(path):
    assert [name for name in imported(path) if not name.startswith(ALLOWED)] == []
