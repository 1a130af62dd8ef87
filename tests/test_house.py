"""The house in numbers: no circle of imports, no file that knows too many others, no function too long to read."""

import ast
from pathlib import Path
from typing import cast

import pytest

import braincl_jax

PACKAGE = "braincl_jax"
ROOT = Path(braincl_jax.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
TESTS = Path(__file__).parent
MOST_SIBLINGS, LONGEST_FUNCTION = 12, 60
# Made to be run once, by hand.
UNTESTED = ("data/embedded/make_fashion_mnist_mini.py",)


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in FILES}


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def without_type_checking(tree: ast.Module) -> list[ast.AST]:
    """All nodes but those that only type checkers see."""
    nodes, todo = [], [cast(ast.AST, tree)]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue
        nodes.append(node)
        todo += list(ast.iter_child_nodes(node))
    return nodes


def siblings(path: Path) -> set[str]:
    """Modules of the package that a file imports; `from a import b` is the module a.b if there is one, else a."""
    found = set()
    for node in without_type_checking(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in MODULES else node.module)
    return {name for name in found if name in MODULES}


def test_no_module_comes_back_to_itself_through_its_imports():
    graph = {name: siblings(path) - {name} for name, path in MODULES.items()}
    while leaves := [name for name, known in graph.items() if not known]:
        for name in leaves:
            del graph[name]
        graph = {name: known - set(leaves) for name, known in graph.items()}
    assert graph == {}


def importers(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# The loop is where everything meets: it hands each part to the next and does nothing itself.
@pytest.mark.parametrize("path", FILES, ids=importers)
def test_no_file_imports_from_more_than_twelve_siblings(path):
    homes = {
        str(node.module)
        for node in without_type_checking(tree_of(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE)
    }
    assert len(homes) <= MOST_SIBLINGS, sorted(homes)


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("path", FILES, ids=importers)
def test_no_function_is_longer_than_sixty_lines(path):
    lengths = {f.name: (f.end_lineno or f.lineno) - f.lineno + 1 for f in functions(path)}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION} == {}


def public(path: Path) -> list[tuple[str, str | None]]:
    """Name and docstring of each public function and class at the top of a file."""
    return [
        (node.name, ast.get_docstring(node))
        for node in tree_of(path).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]


@pytest.mark.parametrize("path", FILES, ids=importers)
def test_every_public_function_and_class_and_every_file_has_a_docstring(path):
    assert ast.get_docstring(tree_of(path))
    assert [name for name, docstring in public(path) if not docstring] == []


@pytest.mark.parametrize("path", FILES, ids=importers)
def test_every_source_file_has_its_test_file(path):
    relative = path.relative_to(ROOT)
    if path.name == "__init__.py" or relative.as_posix() in UNTESTED:
        return
    assert (TESTS / relative.parent / f"test_{relative.name}").exists()
