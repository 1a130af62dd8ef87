"""What is told of a figure is what repeats it."""

import re

from experiments.provenance import current_commit, provenance


def test_a_command_can_be_pasted_into_a_shell():
    made = provenance("experiments.launch", ["--config.network=resnet8(width=4)", "--a=b c"])
    assert made["command"] == (
        "python -m experiments.launch '--config.network=resnet8(width=4)' '--a=b c'"
    )
    assert set(made) == {"command", "commit", "hardware"}


def test_the_commit_is_a_short_hash_that_says_whether_files_differ_from_it():
    assert re.fullmatch(r"unknown|[0-9a-f]{7,12}\+?", current_commit())
