"""Costs as they are read from a summary and shown."""

from braincl_jax.report.costs import Costs, compute_section, phase_costs, total_costs

COMPUTE = {
    "examples": {"encode": 1600, "replay": 6400},
    "updates": {"encode": 100, "replay": 100},
    "flops": {"encode": 2 * 10**9, "replay": 10**12},
    "seconds": {"encode": 3.5, "replay": 10.0},
    "peak_bytes": {"replay": 5000},
}


def test_phases_and_their_total():
    assert phase_costs({"compute": COMPUTE}) == {
        "encode": Costs(1600, 100, 2 * 10**9, 3.5, None),
        "replay": Costs(6400, 100, 10**12, 10.0, 5000),
    }
    assert total_costs({"compute": COMPUTE}) == Costs(8000, 200, 1_002 * 10**9, 13.5, 5000)


def test_a_run_that_does_not_tell_has_no_section():
    for summary in ({}, {"compute": None}, {"compute": {}}):
        assert phase_costs(summary) == {}
        assert total_costs(summary) == Costs(None, None, None, None, None)
        assert compute_section(summary) == []


def test_the_section_has_a_line_a_phase_and_says_what_is_not_known():
    title, table = compute_section({"compute": COMPUTE})
    assert title == "## Compute"
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert lines[2:] == [
        ["**total**", "8,000", "200", "1.002", "13.5", "5,000"],
        ["encode", "1,600", "100", "0.002000", "3.5", "n/a"],
        ["replay", "6,400", "100", "1.000", "10.0", "5,000"],
    ]
