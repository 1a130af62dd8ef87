"""A page as Markdown."""

from braincl_jax.report.document import Document, Heading, Paragraph, Picture, Table, to_markdown


def test_blocks_come_in_order():
    blocks = [
        Heading("Results"),
        Table(["method", "%"], [["a|b", "1"]]),
        Paragraph("Means."),
        Picture("curve.png", "a curve"),
    ]
    assert to_markdown(Document("A page", blocks)).split("\n\n") == [
        "# A page",
        "## Results",
        "| method | % |\n| :-- | --: |\n| a\\|b | 1 |",
        "Means.",
        "![a curve](curve.png)\n",
    ]
