"""The architecture as facts of the import graph."""

import ast
import functools
import sys
from pathlib import Path
from typing import cast

import pytest

import braincl_jax

PACKAGE = "braincl_jax"
ROOT = Path(braincl_jax.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
EXPERIMENTS = sorted((ROOT.parent / "experiments").rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FOUNDATIONS = (*("memory", "networks", "state", "types", "config", "settings", "registry", "plan"),)
MODULES = {module_name(path): path for path in FILES}


@functools.cache
def imported(path: Path) -> frozenset[str]:
    """Everything that a file imports, also inside functions; `from a import b` gives a and a.b.

    What only type checkers see is no import.
    """
    names, todo = set(), [cast(ast.AST, ast.parse(path.read_text()))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue
        todo += list(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def inside(name: str, parts: tuple[str, ...]) -> bool:
    """Whether a module is one of `parts` of the package or lies in one."""
    return any(
        name == f"{PACKAGE}.{part}" or name.startswith(f"{PACKAGE}.{part}.") for part in parts
    )


def closure(module: str) -> set[str]:
    """All modules of the package that come with `module`."""
    seen, todo = set(), [module]
    while todo:
        name = todo.pop()
        if name in MODULES and name not in seen:
            seen.add(name)
            # A submodule brings the __init__ of the packages around it.
            todo += [*imported(MODULES[name]), name.rpartition(".")[0]]
    return seen


def modules_in(*parts: str) -> list[str]:
    found = [name for name in MODULES if inside(name, parts)]
    assert found
    return found


def test_the_graph_is_followed_over_several_files():
    assert f"{PACKAGE}.data.stream" in closure(f"{PACKAGE}.pipeline")
    assert f"{PACKAGE}.data.sources" in closure(f"{PACKAGE}.runtime.loop")


@pytest.mark.parametrize("module", modules_in("sleep"))
def test_no_external_input_at_night(module):
    assert [name for name in closure(module) if inside(name, ("data",))] == []


@pytest.mark.parametrize("module", modules_in(*FOUNDATIONS))
def test_the_foundations_do_not_know_what_stands_on_them(module):
    above = (
        *("wake", "sleep", "evaluators", "methods", "pipeline", "rehearsal", "build"),
        *("runtime", "report", "data"),
    )
    assert [name for name in closure(module) if inside(name, above)] == []


@pytest.mark.parametrize("module", modules_in("wake", "sleep"))
def test_the_steps_do_not_know_phases_methods_or_the_loop(module):
    above = ("pipeline", "rehearsal", "methods", "evaluators", "build", "runtime", "report")
    assert [name for name in closure(module) if inside(name, above)] == []


@pytest.mark.parametrize(
    "module", modules_in("pipeline", "rehearsal", "methods", "evaluators", "build")
)
def test_what_is_learned_and_measured_does_not_know_the_loop(module):
    assert [name for name in closure(module) if inside(name, ("runtime", "report"))] == []


def test_the_registry_knows_no_part_and_settings_know_nothing():
    assert closure(f"{PACKAGE}.settings") == {f"{PACKAGE}.settings", PACKAGE}
    assert closure(f"{PACKAGE}.registry") - closure(f"{PACKAGE}.settings") == {
        f"{PACKAGE}.registry"
    }


def identifiers(path: Path) -> set[str]:
    """Names, attributes and imported names in the code of a file, not its comments or docstrings."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found |= set(node.name.split("."))
    return found


def test_only_one_file_names_pmap():
    naming = [path.relative_to(ROOT).as_posix() for path in FILES if "pmap" in identifiers(path)]
    assert naming == ["runtime/devices.py"]


@pytest.mark.parametrize("path", [*FILES, *EXPERIMENTS], ids=str)
def test_nothing_imports_tensorflow(path):
    top = {name.partition(".")[0] for name in imported(path)}
    assert "tensorflow" not in top


def test_top_level_imports_are_dependencies_of_the_package():
    """What setup.cfg installs, and what its extras `tfds`, `folder`, `jpeg` and `tensorboard` bring."""
    installed = {
        "absl",
        "chex",
        "dm_pix",
        "flax",
        "jax",
        "matplotlib",
        "ml_collections",
        "numpy",
        "optax",
        "orbax",
        "scipy",
    }
    extras = {"tensorflow_datasets", "PIL", "tensorboardX"}
    allowed = installed | extras | {"tqdm", PACKAGE, "experiments"} | set(sys.stdlib_module_names)
    used = {name.partition(".")[0] for path in (*FILES, *EXPERIMENTS) for name in imported(path)}
    assert used - allowed == set()
