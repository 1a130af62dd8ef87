"""What is told of a figure is what repeats it."""

import re

import pytest

from braincl_jax.runtime import provenance as module
from braincl_jax.runtime.provenance import code_digest, current_commit, provenance


def test_a_command_can_be_pasted_into_a_shell():
    made = provenance("experiments.launch", ["--config.network=resnet8(width=4)", "--a=b c"])
    assert made["command"] == (
        "python -m experiments.launch '--config.network=resnet8(width=4)' '--a=b c'"
    )
    assert set(made) == {"command", "commit", "hardware"}


def test_the_commit_is_a_short_hash_that_says_whether_files_differ_from_it():
    assert re.fullmatch(r"unknown|[0-9a-f]{7,12}\+?", current_commit())


def test_outside_git_the_commit_is_unknown(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    assert current_commit() == "unknown"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert current_commit() == "unknown"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            "model name\t: Some CPU\nflags\t\t: sse avx2 avx512f\n",
            r"cores of Some CPU with avx512f, ",
        ),
        ("model name\t: Some CPU\nflags\t\t: sse avx2\n", r"cores of Some CPU with avx2, "),
        ("model name\t: Some CPU\n", r"cores of Some CPU, "),
        ("Hardware\t: a board\n", r"cores(?! of Some)"),
        (None, r"cores(?! of Some)"),
    ],
)
def test_the_processor_is_named_as_far_as_it_is_told(told, expected, monkeypatch, tmp_path):
    if told is not None:
        (tmp_path / "cpuinfo").write_text(told)
    monkeypatch.setattr(module, "CPUINFO", tmp_path / "cpuinfo")
    assert re.match(rf"\d+ {expected}", module.hardware())


def test_code_is_told_apart_by_names_and_contents(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "PACKAGE", tmp_path)

    def digest() -> str:
        return code_digest.__wrapped__()

    (tmp_path / "a.py").write_text("x = 1")
    first = digest()
    (tmp_path / "notes.txt").write_text("not code")
    assert digest() == first
    (tmp_path / "a.py").write_text("x = 2")
    second = digest()
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert len({first, second, digest()}) == 3
