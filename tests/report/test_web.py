"""The page of one file: it says what the Markdown says, asks nobody for anything, and a browser shows it whole."""

import base64
import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread, imsave

from braincl_jax.report.comparison import write_comparison
from braincl_jax.report.document import Document, Heading, Paragraph, Picture, Table
from braincl_jax.report.web import LONG, to_html

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
RESULTS = Path(__file__).parents[2] / "experiments" / "results"
WINDOWS = [(1280, 800), (390, 844)]
COLUMNS = [f"measure {k} of a long name (%)" for k in range(20)]


class Reader(HTMLParser):
    """Collects the cells of the tables, and what the page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.cells, self.links, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)
        if tag in ("th", "td"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("th", "td"):
            self.cells[-1] += data


@pytest.fixture
def page(tmp_path):
    """A page with a wide table, a name that is no markup, and a picture."""
    imsave(tmp_path / "plot.png", np.linspace(0, 1, 900 * 1200).reshape(900, 1200))
    rows = [
        [f"<b>{name}</b> & others", *("+12.34 [+10.00, +15.00]" for _ in COLUMNS[:-1]), "w " * LONG]
        for name in ("braincl", "a method whose name is as long as no other")
    ]
    blocks = [
        Heading("Results"),
        Table(["method", *COLUMNS], rows),
        Paragraph("1 < 2 & so on."),
        Picture("plot.png", "a plot"),
    ]
    return to_html(
        Document("npz:a_name_of_a_data_set_without_a_place_to_break.npz", blocks), tmp_path
    )


def test_what_is_said_is_said_as_it_is_and_every_tag_is_closed(page):
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert reader.cells[: 1 + len(COLUMNS)] == ["method", *COLUMNS]
    assert reader.cells[1 + len(COLUMNS)] == "<b>braincl</b> & others"
    assert "<p>1 &lt; 2 &amp; so on.</p>" in page


def test_it_needs_nothing_else_and_suits_any_window_and_either_light(page, tmp_path):
    reader = Reader()
    reader.feed(page)
    (picture,) = reader.links
    data = picture.removeprefix("data:image/png;base64,")
    assert base64.b64decode(data) == (tmp_path / "plot.png").read_bytes()
    assert "url(" not in page and "@import" not in page and "<script" not in page
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert "@media (prefers-color-scheme: dark)" in page


def test_a_cell_knows_its_column_where_rows_are_cards(page):
    assert page.count(f'data-column="{COLUMNS[0]}"') == 2
    assert page.count('<td class="long"') == 2


def browse(tmp_path, *arguments: str) -> str:
    assert BROWSER is not None
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=2000", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout


def require_shown(page: str, tmp_path: Path, width: int, height: int) -> None:
    """In a window of that size there is some ink, and nothing is wider than the window."""
    file, shot = tmp_path / "page.html", tmp_path / "shot.png"
    file.write_text(page)
    browse(tmp_path, f"--window-size={width},{height}", f"--screenshot={shot}", file.as_uri())
    pixels = imread(shot)
    assert pixels.shape[:2] == (height, width)
    # Some ink, and not ink alone.
    assert 0.005 < (pixels[..., :3].mean(-1) < 0.6).mean() < 0.5

    # A frame may be narrower than any window; the page in it tells the one around it how wide it has become.
    told = "parent.document.body.dataset.width = [innerWidth, document.documentElement.scrollWidth]"
    inner = html.escape(page.replace("</body>", f"<script>{told}</script></body>"))
    frame = (
        f'<iframe width="{width}" height="{height}" style="border: 0" srcdoc="{inner}"></iframe>'
    )
    file.write_text(f"<!DOCTYPE html><body>{frame}</body>")
    found = re.search(r'data-width="(\d+),(\d+)"', browse(tmp_path, "--dump-dom", file.as_uri()))
    assert found is not None
    assert [int(number) for number in found.groups()] == [width, width]


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
@pytest.mark.parametrize(("width", "height"), WINDOWS)
def test_a_browser_shows_it_and_nothing_is_wider_than_the_window(page, tmp_path, width, height):
    require_shown(page, tmp_path, width, height)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_a_browser_shows_the_page_of_a_comparison_of_real_runs(tmp_path):
    runs = json.loads((RESULTS / "quickstart_judged.json").read_text())
    page = write_comparison(tmp_path, runs).with_suffix(".html").read_text()
    assert "Errors (%) on corrupted test images" in page
    for width, height in WINDOWS:
        require_shown(page, tmp_path, width, height)
