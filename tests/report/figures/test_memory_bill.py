"""The bill of one run."""

import pytest

from braincl_jax.report.figures.memory_bill import MOST_PARTS, MemoryBill


def bars(figure):
    return [(bar.get_x(), bar.get_width()) for bar in figure.axes[0].patches]


def test_each_part_starts_where_the_last_one_ended(summary_of):
    summary = summary_of([[0.5]], memory_bytes={"strings": 70, "index": 20, "total": 90})
    assert bars(MemoryBill().draw([summary])) == [(0, 70), (70, 20), (0, 90)]


def test_a_bill_may_hold_only_its_total_even_zero(tmp_path, summary_of):
    summary = summary_of([[0.5]], memory_bytes={"total": 0}, budget_bytes=0)
    figure = MemoryBill().draw([summary])
    assert bars(figure) == [(0, 0)]
    assert figure is not None
    figure.savefig(tmp_path / "bill.png")


def test_a_run_without_a_bill_has_no_figure(summary_of):
    assert MemoryBill().draw([summary_of([[0.5]], memory_bytes=None)]) is None


def test_of_many_parts_the_small_ones_are_added_up(summary_of, pixels_of):
    parts = {f"part {k}": k for k in range(500)}
    summary = summary_of([[0.5]], memory_bytes={**parts, "total": sum(parts.values())})
    figure = MemoryBill().draw([summary])
    assert figure is not None
    assert len(bars(figure)) == MOST_PARTS + 1
    assert pixels_of(figure) < 2_000_000


@pytest.mark.parametrize("name", ["$", "_", "100", r"a $\b$"])
def test_any_name_of_a_part_can_be_drawn(tmp_path, summary_of, name):
    figure = MemoryBill().draw([summary_of([[0.5]], memory_bytes={name: 3, "total": 3})])
    assert figure is not None
    figure.savefig(tmp_path / "bill.png")
