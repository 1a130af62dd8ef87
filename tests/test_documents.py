"""What the documents say of files that are there: their links, and the numbers of the main tables."""

import json
import re
from pathlib import Path
from statistics import mean, stdev

import pytest

REPO = Path(__file__).parents[1]
PAGES = sorted([*REPO.glob("*.md"), *(REPO / "docs").glob("*.md")])
RESULTS = REPO / "experiments" / "results"
# Heading of docs/results.md, the summaries behind the first table below it.
TABLES = {
    "The quickstart": "quickstart",
    "Long nights": "cifar100_20_long_rivals",
    "All of CIFAR-100": "cifar100",
    "Fifty tasks": "omniglot_50",
}


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


@pytest.mark.parametrize(("heading", "name"), TABLES.items())
def test_main_tables_say_what_was_measured(heading, name):
    runs = json.loads((RESULTS / f"{name}.json").read_text())
    (table, *_) = tables_below(REPO / "docs" / "results.md", heading)
    assert len(table) > 2
    for row in table:
        of_it = [
            run for run in runs if run["method"].partition("(")[0] == row["method"].split(",")[0]
        ]
        percent = [100 * run["final_accuracy"] for run in of_it]
        spread = f" ± {stdev(percent):.2f}" if len(percent) > 1 else ""
        said = row["final accuracy (%)"]
        assert said.partition(" (")[0] == f"{mean(percent):.2f}{spread}", row
        (total,) = {run["memory_bytes"]["total"] for run in of_it[:1]}
        apart = row.get("beside the budget (bytes)", "").replace(",", "")
        assert int(row["memory (bytes)"].replace(",", "")) + int(apart or 0) == total, row
