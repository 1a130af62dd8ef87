"""What a run has cost, by hand."""

from braincl_jax.pipeline import Phase
from braincl_jax.runtime.compute import compute_of, note_peak
from braincl_jax.runtime.cursor import Outcome


def do_nothing(state, batch, now, axis_name=None):
    return state, {}


def test_every_phase_has_its_costs_in_the_order_of_a_task():
    phases = [
        Phase("memorise", do_nothing),
        Phase("replay", do_nothing, examples=16, counts_as="sleep"),
        Phase("never", do_nothing, examples=5, counts_as="wake"),
    ]
    outcome = Outcome.empty()._replace(
        steps={"replay": 30, "memorise": 4},
        seconds={"memorise": 1.234, "after_task": 9.0, "replay": 2.0},
        peak_bytes={"replay": 2**33},
    )
    compute = compute_of(phases, {"memorise": 7, "replay": 2**40, "never": 3}, outcome)
    assert compute == {
        "examples": {"memorise": 0, "replay": 480, "never": 0},
        "updates": {"memorise": 0, "replay": 30, "never": 0},
        "flops": {"memorise": 28, "replay": 30 * 2**40, "never": 0},
        "seconds": {"memorise": 1.23, "replay": 2.0, "never": 0.0},
        "peak_bytes": {"replay": 2**33},
    }
    assert list(compute["flops"]) == ["memorise", "replay", "never"]


def test_a_peak_is_of_the_phase_that_has_raised_it():
    peaks: dict[str, int] = {}
    for phase, peak in [
        ("encode", 10),
        ("replay", 30),
        ("encode", 30),
        ("replay", 31),
        ("a", None),
    ]:
        note_peak(peaks, phase, peak)
    assert peaks == {"encode": 10, "replay": 31}
