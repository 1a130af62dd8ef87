"""A forecast as text."""

import dataclasses

import pytest

from braincl_jax.report.forecast import Forecast, PhaseForecast, TaskForecast, format_forecast


@pytest.fixture
def forecast() -> Forecast:
    return Forecast(
        method="braincl",
        dataset="npz:a.npz",
        image_shape=(32, 32, 3),
        network_shape=(28, 28, 3),
        tasks=(
            TaskForecast(("cat", "dog"), 1000, 200, 45_000),
            TaskForecast(tuple("abcdefgh"), 1000, 200, None),
        ),
        latent_channels=9,
        budget_bytes=100_000,
        raw_bytes=2_000_000,
        parameters={"backbone": 77_536, "head": 650},
        state_bytes={"network": 3_000, "total": 4_000},
        memory_bytes={"cues": 90_000, "total": 100_000},
        checkpoint_bytes={"between tasks": 3_500},
        phases=(
            PhaseForecast("encode", (1500, 1000), 16, 250_000_000, 1),
            PhaseForecast("transfer", (1, 1), 0, 20_000_000, None),
        ),
        device="4 x cpu",
        device_bytes=None,
        needed_bytes=5_000,
        warnings=("it is late",),
    )


def test_every_number_is_told(forecast):
    lines = [line.split() for line in format_forecast(forecast).splitlines()]
    assert ["0", "1,000", "200", "45,000", "cat,", "dog"] in lines
    assert ["1", "1,000", "200", "n/a", "a,", "b,", "c,", "d,", "e,", "f,", "..."] in lines
    assert ["backbone", "77,536"] in lines
    assert ["encode", "1,500", "1,000", "2,500", "16", "40,000", "0.25", "0.625", "n/a"] in lines
    assert ["transfer", "1", "1", "2", "0", "0", "0.02", "0.000", "n/a"] in lines
    assert ["between", "tasks", "3,500"] in lines
    text = format_forecast(forecast)
    # 2,500 steps of 0.25 GFLOP and 2 of 0.02; 2,500 of 16 examples.
    assert "in all: 0.6250 TFLOP, 40,000 training examples shown" in text
    assert "the network sees 28x28x3 of them" in text
    assert "budget: 100,000 bytes, 5.0 % of the raw images, 50.0 for each" in text
    assert "latent channels of a cue: 9" in text
    assert "memory of 4 x cpu: 5,000 bytes needed, n/a there" in text
    assert "warning: it is late" in text


def test_hours_are_those_of_the_operations_at_the_rate_that_is_told(forecast):
    phase = forecast.phases[0]._replace(flops=3_600_000_000_000)
    text = format_forecast(dataclasses.replace(forecast, phases=(phase,)), speed=2.0)
    # 2,500 steps of 3.6 TFLOP.
    assert "9,000.000      1.25\n" in text
    assert "in all: 9,000 TFLOP, 1.25 hours at 2 TFLOP/s, 40,000 training examples shown" in text


def test_what_the_network_sees_whole_needs_no_word(forecast):
    whole = dataclasses.replace(forecast, network_shape=forecast.image_shape)
    assert "the network sees" not in format_forecast(whole)


def test_many_tasks_and_long_names_stay_within_a_screen(forecast):
    tasks = (TaskForecast(("name " * 20,) * 6, 10, 2, 5),) * 500
    lines = format_forecast(dataclasses.replace(forecast, tasks=tasks)).splitlines()
    assert len(lines) < 60
    assert max(map(len, lines)) <= 120
    assert "4,880 976 in 488 more tasks" in [" ".join(line.split()) for line in lines]
