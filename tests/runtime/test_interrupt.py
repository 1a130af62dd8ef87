"""Signals become requests, and all is as before when nobody listens any more."""

import os
import signal
import threading

import pytest

from braincl_jax.runtime.interrupt import stop_on_signals


@pytest.fixture
def default_handlers():
    """Handlers as in a program that runs in the foreground; in the background SIGINT may be ignored."""
    handlers = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("default_handlers")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks_and_handlers_are_put_back(number):
    before = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)]
    with stop_on_signals() as stop:
        assert not stop.asked
        os.kill(os.getpid(), number)
        assert stop.asked
        # The next one ends the process.
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    assert [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)] == before


def test_what_was_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_on_signals() as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert not stop.asked
            os.kill(os.getpid(), signal.SIGTERM)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_handlers_are_put_back_after_an_error():
    before = signal.getsignal(signal.SIGTERM)

    def fail() -> None:
        with stop_on_signals():
            assert signal.getsignal(signal.SIGTERM) is not before
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.usefixtures("default_handlers")
def test_the_user_is_told_that_it_takes_a_step(capfd):
    with stop_on_signals():
        os.kill(os.getpid(), signal.SIGTERM)
    assert "stops and saves after this step" in capfd.readouterr().err


def test_outside_the_main_thread_nothing_is_changed():
    before, seen = signal.getsignal(signal.SIGTERM), []

    def listen() -> None:
        with stop_on_signals() as stop:
            seen.append((stop.asked, signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert seen == [(False, before)]
