"""What the documents say of files that are there: their links, and the numbers of the main tables."""

import json
import re
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest

REPO = Path(__file__).parents[1]
PAGES = sorted([*REPO.glob("*.md"), *(REPO / "docs").glob("*.md")])
RESULTS = REPO / "experiments" / "results"
# Heading of docs/results.md, which table below it, the summaries behind it.
TABLES = [
    ("The quickstart", 0, "quickstart"),
    ("The quickstart", 1, "quickstart_long"),
    ("Long nights", 0, "cifar100_20_long_rivals"),
    ("All of CIFAR-100", 0, "cifar100"),
    ("Fifty tasks", 0, "omniglot_50"),
]


def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def tables_below(page: Path, heading: str) -> list[list[dict[str, str]]]:
    """The tables of a section: rows by the names of their columns."""
    (section,) = re.findall(
        rf"^## {heading}\n(.*?)(?=^## |\Z)", page.read_text(), flags=re.DOTALL | re.MULTILINE
    )
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", section, flags=re.MULTILINE):
        names, _, *rows = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()
        ]
        found.append([dict(zip(names, row, strict=True)) for row in rows])
    return found


def named(run: dict[str, Any]) -> str:
    """Its method, without settings."""
    return run["method"].partition("(")[0]


def percents_of(runs: list[dict[str, Any]], method: str) -> list[float]:
    """Final accuracy of each run of a method, in %."""
    return [100 * run["final_accuracy"] for run in runs if named(run) == method]


def mean_and_spread(percent: list[float]) -> str:
    if not percent:
        return "not run"
    spread = f" ± {stdev(percent):.2f}" if len(percent) > 1 else ""
    return f"{mean(percent):.2f}{spread}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    astray = []
    for link in links:
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            astray.append(link)
    assert astray == []


@pytest.mark.parametrize(("heading", "number", "name"), TABLES)
def test_main_tables_say_what_was_measured(heading, number, name):
    runs = json.loads((RESULTS / f"{name}.json").read_text())
    table = tables_below(REPO / "docs" / "results.md", heading)[number]
    assert len(table) > 2
    for row in table:
        method = row["method"].partition(",")[0]
        assert row["final accuracy (%)"] == mean_and_spread(percents_of(runs, method)), row
        # Strings of exemplars differ in length from seed to seed: the first one's are shown.
        total = next(run for run in runs if named(run) == method)["memory_bytes"]["total"]
        apart = row.get("beside the budget (bytes)", "").replace(",", "")
        assert int(row["memory (bytes)"].replace(",", "")) + int(apart or 0) == total, row


def test_readme_and_results_begin_with_the_same_table():
    tables = [
        re.search(r"^\| setting .*\n(?:\|.*\n)+", path.read_text(), flags=re.MULTILINE)
        for path in (REPO / "README.md", REPO / "docs" / "results.md")
    ]
    assert tables[0] and tables[1] and tables[0][0] == tables[1][0]


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("Fashion-MNIST subset, short nights", "quickstart"),
        ("the same, longer nights", "quickstart_long"),
        ("20 classes of CIFAR-100, long nights", "cifar100_20_long_rivals"),
        ("all of CIFAR-100, long nights", "cifar100"),
        ("250 characters of Omniglot", "omniglot_50"),
    ],
)
def test_the_first_table_says_what_was_measured(setting, name):
    (line,) = re.findall(
        rf"^\| {setting} \|(.*)\|$", (REPO / "README.md").read_text(), flags=re.MULTILINE
    )
    _, *said, ratio, seeds = [cell.strip() for cell in line.split("|")]
    runs = json.loads((RESULTS / f"{name}.json").read_text())
    methods = ("braincl", "joint", "replay_webp", "replay_raw")
    percents = [percents_of(runs, method) for method in methods]
    assert said == [mean_and_spread(percent) for percent in percents]
    assert ratio == f"{mean(percents[0]) / mean(percents[1]):.3f}"
    assert {int(seeds)} == {len(percent) for percent in percents if percent}
