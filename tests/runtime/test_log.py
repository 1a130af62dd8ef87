"""What is written is whole, or what was there before."""

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from braincl_jax.runtime.log import MetricsLog, read_json, read_sealed, write_json, write_sealed


def test_json_comes_back_from_a_folder_that_was_not_there(tmp_path):
    path = tmp_path / "a" / "b" / "c.json"
    write_json(path, {"x": [1, None]})
    assert json.loads(path.read_text()) == {"x": [1, None]}
    assert os.listdir(path.parent) == ["c.json"]


def test_a_list_of_numbers_stands_on_one_line(tmp_path):
    write_json(tmp_path / "c.json", {"matrix": [[1, None], [0.5, -1e-9]], "names": ["a"], "no": []})
    assert (tmp_path / "c.json").read_text().splitlines() == [
        *("{", '  "matrix": [', "    [1, null],", "    [0.5, -1e-09]", "  ],"),
        *('  "names": [', '    "a"', "  ],", '  "no": []', "}"),
    ]


STRINGS = st.text(st.sampled_from('[]{},"\\\n 1a'), max_size=9)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | STRINGS,
    lambda inner: st.lists(inner) | st.dictionaries(STRINGS, inner),
)


@given(VALUES)
def test_whatever_is_written_comes_back(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "any.json"
    write_json(path, value)
    assert json.loads(path.read_text()) == value


CONTENT = {"final_accuracy": 0.5, "class_names": ["Käse", "é"], "memory_bytes": {"total": 960}}


def test_what_was_written_is_read(tmp_path):
    write_json(tmp_path / "c.json", CONTENT)
    assert read_json(tmp_path / "c.json") == CONTENT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Expecting value"),
        (b'{"a": 1', "Expecting ',' delimiter"),
        (b"\xff\xfe", "can't decode"),
        (b"[" * 100_000, "recursion"),
        (b"9" * 5000, "digits"),
    ],
)
def test_what_is_no_json_is_refused_with_the_name_of_the_file(tmp_path, content, message):
    path = tmp_path / "summary.json"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=rf"summary\.json cannot be read .*{message}.*edited or cut"
    ):
        read_json(path)


def test_a_file_that_is_not_there_or_is_a_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.json is missing"):
        read_json(tmp_path / "none.json")
    with pytest.raises(ValueError, match=f"{tmp_path} cannot be read as JSON"):
        read_json(tmp_path)


def edited(path, place: int, length: int, new: bytes) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:place] + new + whole[place + length :])


ANYWHERE = (st.integers(0, 300), st.integers(0, 50), st.binary(max_size=20))
OFTEN = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@OFTEN
@given(*ANYWHERE)
def test_a_file_that_was_edited_anywhere_is_read_or_named(tmp_path, place, length, new):
    path = tmp_path / "summary.json"
    write_json(path, CONTENT)
    edited(path, place, length, new)
    try:
        read_json(path)
        return
    except ValueError as error:
        message = str(error)
    assert message.startswith(str(path))


@OFTEN
@given(*ANYWHERE)
def test_a_sealed_file_that_was_edited_anywhere_says_the_same_or_is_named(
    tmp_path, place, length, new
):
    path = tmp_path / "config.json"
    write_sealed(path, CONTENT)
    assert read_sealed(path) == CONTENT
    edited(path, place, length, new)
    try:
        assert read_sealed(path) == CONTENT
        return
    except ValueError as error:
        message = str(error)
    assert message.startswith(str(path))


@pytest.mark.parametrize("content", ["[]", "{}", '{"sha256": 3}', '{"a": 1, "sha256": "0"}'])
def test_what_has_no_seal_or_a_wrong_one_is_refused(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ValueError, match=r"a\.json is not what a run wrote there"):
        read_sealed(tmp_path / "a.json")


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    def die(*arguments):
        raise OSError("power cut")

    path = tmp_path / "c.json"
    write_json(path, 1)
    with pytest.raises(TypeError):
        write_json(path, object())
    monkeypatch.setattr(os, "fsync", die)
    with pytest.raises(OSError, match="power cut"):
        write_json(path, 2)
    assert path.read_text() == "1\n"


def test_a_line_is_on_its_way_as_soon_as_it_is_written(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(path) as log:
        log.write(step=1, loss=0.5)
        assert path.read_text() == '{"step": 1, "loss": 0.5}\n'
        assert log.size == 25


def test_lines_beyond_those_that_a_checkpoint_knows_are_taken_back(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text("1\n2\n3\n")
    with MetricsLog(path, keep=4) as log:
        log.write(a=5)
    assert path.read_text() == '1\n2\n{"a": 5}\n'


def test_lines_that_are_gone_are_an_error_and_nothing_is_written(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text("1\n")
    with pytest.raises(ValueError, match="has lost lines: 4 bytes are known, 2 are left"):
        MetricsLog(path, keep=4).__enter__()
    assert path.read_text() == "1\n"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_does_not_know_is_refused(number, tmp_path):
    with MetricsLog(tmp_path / "metrics.jsonl") as log:
        with pytest.raises(ValueError, match="JSON compliant"):
            log.write(loss=number)
        assert log.size == 0
