"""A page as a list of blocks, written as Markdown here and as HTML by `web`: both say the same."""

from collections.abc import Sequence
from typing import NamedTuple

from braincl_jax.report.tables import markdown_table


class Heading(NamedTuple):
    """Of a section."""

    text: str


class Paragraph(NamedTuple):
    """Plain text."""

    text: str


class Table(NamedTuple):
    """Cells of plain text; the first column names the rows.

    Attributes:
        header: n names.
        rows: of n cells each.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


class Picture(NamedTuple):
    """A PNG in the folder of the page.

    Attributes:
        file: its name.
        text: what it shows.
    """

    file: str
    text: str


Block = Heading | Paragraph | Table | Picture


class Document(NamedTuple):
    """A page.

    Attributes:
        title: of all of it.
        blocks: in order.
    """

    title: str
    blocks: Sequence[Block]


def to_markdown(document: Document) -> str:
    """The page as GitHub-Markdown, its pictures by their file names."""
    return "\n\n".join([f"# {document.title}", *map(_markdown, document.blocks)]) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text):
            return f"## {text}"
        case Paragraph(text):
            return text
        case Table(header, rows):
            return markdown_table(header, rows)
        case Picture(file, text):
            return f"![{text}]({file})"
