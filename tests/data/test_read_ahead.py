"""Reading ahead: the same values in the same order, errors in their turn, and no thread left behind."""

import threading

import pytest

from braincl_jax.data import read_ahead


def readers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "read-ahead" in thread.name]


@pytest.mark.parametrize("ahead", [1, 2, 7, 100])
@pytest.mark.parametrize("start", [0, 5, 12])
def test_values_are_those_of_the_steps_from_any_start(ahead, start):
    values = list(read_ahead(lambda step: step**2, range(start, 12), ahead=ahead))
    assert values == [step**2 for step in range(start, 12)]
    assert readers() == []


def test_it_reads_by_other_threads_while_a_value_is_in_use_and_not_beyond_its_bound():
    read, two_more = [], threading.Event()

    def note(step: int) -> str:
        read.append(step)
        if len(read) == 3:
            two_more.set()
        return threading.current_thread().name

    values = read_ahead(note, range(10), ahead=2)
    assert read == []  # nothing is read before anything is asked for
    assert next(values).startswith("read-ahead")
    assert two_more.wait(10)
    assert sorted(read) == [0, 1, 2]
    values.close()


def test_two_values_are_read_at_once():
    both = threading.Barrier(2, timeout=10)  # who is alone there fails
    values = read_ahead(lambda step: both.wait() >= 0, range(4))
    assert list(values) == [True] * 4


def test_one_step_in_front_takes_one_thread():
    names = set(read_ahead(lambda step: threading.current_thread().name, range(5), ahead=1))
    assert len(names) == 1


def test_an_error_comes_when_its_turn_comes_and_ends_the_thread():
    def fail_at_three(step: int) -> int:
        if step == 3:
            raise ValueError("image 3 is broken")
        return step

    values = read_ahead(fail_at_three, range(10))
    assert [next(values) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="image 3 is broken"):
        next(values)
    assert readers() == []


def test_closing_or_forgetting_it_ends_the_thread():
    for end in ("close", "forget"):
        values = read_ahead(lambda step: step, range(1000))
        next(values)
        assert readers()
        if end == "close":
            values.close()
        del values
        assert readers() == []


def test_an_error_of_who_uses_it_ends_the_thread():
    def use() -> None:
        for step in read_ahead(lambda step: step, range(1000)):
            if step == 2:
                raise RuntimeError("the step failed")

    with pytest.raises(RuntimeError, match="the step failed"):
        use()
    assert readers() == []


@pytest.mark.parametrize("ahead", [0, -1, 257, 10**5])
def test_it_must_read_ahead_by_one_or_more_and_not_by_everything(ahead):
    with pytest.raises(ValueError, match=rf"ahead={ahead}: need 1\.\.256"):
        read_ahead(lambda step: step, range(3), ahead=ahead)
