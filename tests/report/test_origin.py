"""What a page says of how its run was made."""

import pytest

from braincl_jax.report.origin import origin_sections

FULL = {
    "command": "braincl run --config.seed=3",
    "commit": "0808b66",
    "hardware": "2 cores",
    "device": "1 x cpu",
    "versions": {"jax": "0.10.2"},
    "wall_seconds": {"encode": 30.0, "replay": 90.0},
    "changed_settings": {"sleep.steps": {"value": 700, "default": 400}},
    "settings": {"seed": 3, "sleep": {"steps": 700}, "evaluators": ["accuracy"]},
}
TITLES = {
    *("## How it was made", "## Seconds", "## Settings that are not the defaults"),
    "<details>",
}


def test_all_that_is_there_is_shown():
    page = "\n\n".join(origin_sections(FULL))
    for line in [
        "```bash\nbraincl run --config.seed=3\n```",
        "| commit | `0808b66` |",
        "| hardware | `2 cores` |",
        "| device | `1 x cpu` |",
        "| jax | `0.10.2` |",
        "| **total** | 120.0 | 100.0 |",
        "| replay | 90.0 | 75.0 |",
        "| sleep.steps | `700` | `400` |",
        "* sleep.steps `700`",
        "* evaluators `['accuracy']`",
    ]:
        assert line in page
    assert "<summary>All settings</summary>" in page


@pytest.mark.parametrize(
    ("missing", "title"),
    [
        (("command", "commit", "hardware", "device", "versions"), "## How it was made"),
        (("wall_seconds",), "## Seconds"),
        (("changed_settings",), "## Settings that are not the defaults"),
        (("settings",), "<details>"),
    ],
)
def test_what_is_not_there_is_left_out(missing, title):
    summary = {name: value for name, value in FULL.items() if name not in missing}
    titles = {block.splitlines()[0] for block in origin_sections(summary)}
    assert TITLES - titles == {title}


def test_a_summary_that_says_nothing_has_no_such_sections():
    assert origin_sections({}) == []
    assert origin_sections({"versions": None, "wall_seconds": {}, "settings": {}}) == []


def test_a_run_with_the_defaults_says_so():
    sections = origin_sections({"changed_settings": {}})
    assert sections == ["## Settings", "All settings are the defaults."]


def test_long_lists_are_cut_and_say_so():
    many = {f"part{k}": {"value": "x" * 10_000, "default": 0} for k in range(500)}
    settings = {f"part{k}": "x" * 10_000 for k in range(500)}
    changed, every = origin_sections({"changed_settings": many, "settings": settings})[1:]
    assert "and 440 more" in changed and "and 300 more" in every
    assert len(changed) + len(every) < 80_000
