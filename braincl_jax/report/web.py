"""A page as one HTML file that needs nothing else: styles and pictures are in it, and no script is.

Tables scroll inside themselves where they are wider than the window, with the names of their rows in sight; on a narrow
one each row becomes a card with the names of the columns in it. Light and dark follow the reader's system.
"""

import base64
import html
from collections.abc import Sequence
from pathlib import Path

from braincl_jax.report.document import Block, Document, Heading, Paragraph, Picture, Table

# Characters of a cell from which on it is text, which may take several lines.
LONG = 40
STYLE = """
:root { color-scheme: light dark; --ink: #2b2d33; --paper: #ffffff; --faint: #d9dce1; --shade: #f4f5f7; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6ea; --paper: #17191d; --faint: #3a3e46; --shade: #22252b; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 76rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p { max-width: 46rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.4rem 0.7rem; border-bottom: 1px solid var(--faint); text-align: right; vertical-align: top; }
thead th { min-width: 6.5rem; font-weight: 600; vertical-align: bottom; }
tbody th { min-width: 10rem; }
tbody td { white-space: nowrap; }
tbody td.long { white-space: normal; min-width: 24rem; text-align: left; }
th:first-child { position: sticky; left: 0; background: var(--paper); text-align: left; }
tbody tr:hover > * { background: var(--shade); }
figure { margin: 1.5rem 0; }
figure img { display: block; max-width: 100%; height: auto; background: #ffffff; border-radius: 4px; }
figcaption { font-size: 0.875rem; margin-top: 0.3rem; }
@media (max-width: 40rem) {
  body { padding: 1rem; }
  thead { display: none; }
  table, tbody, tr, th, td { display: block; }
  tr { margin-bottom: 1rem; border: 1px solid var(--faint); border-radius: 6px; overflow: hidden; }
  tbody th, th:first-child { position: static; min-width: 0; background: var(--shade); }
  tbody td { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; }
  tbody td::before { content: attr(data-column); flex: 1; text-align: left; white-space: normal; opacity: 0.75; }
  tbody td.long { display: block; min-width: 0; }
  tbody td.long::before { display: block; }
  tr > :last-child { border-bottom: none; }
}
"""


def to_html(document: Document, folder: Path) -> str:
    """The page as HTML 5.

    Args:
        document: the page.
        folder: where its pictures are.

    Raises:
        OSError: a picture cannot be read.
    """
    title = html.escape(document.title)
    body = "\n".join(_html(block, folder) for block in document.blocks)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )


def _html(block: Block, folder: Path) -> str:
    match block:
        case Heading(text):
            return f"<h2>{html.escape(text)}</h2>"
        case Paragraph(text):
            return f"<p>{html.escape(text)}</p>"
        case Table():
            return _table(block)
        case Picture(file, text):
            data = base64.b64encode((folder / file).read_bytes()).decode("ascii")
            caption = html.escape(text)
            return (
                f'<figure><img alt="{caption}" src="data:image/png;base64,{data}">'
                f"<figcaption>{caption}</figcaption></figure>"
            )


def _table(table: Table) -> str:
    columns = [html.escape(name) for name in table.header]
    head = "".join(f'<th scope="col">{name}</th>' for name in columns)
    rows = "\n".join(f"<tr>{_row(columns, row)}</tr>" for row in table.rows)
    return (
        f'<div class="table" tabindex="0"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div>"
    )


def _row(columns: Sequence[str], row: Sequence[str]) -> str:
    cells = [f'<th scope="row">{html.escape(row[0])}</th>']
    for column, cell in zip(columns[1:], row[1:], strict=True):
        kind = ' class="long"' if len(cell) > LONG else ""
        cells.append(f'<td{kind} data-column="{column}">{html.escape(cell)}</td>')
    return "".join(cells)
