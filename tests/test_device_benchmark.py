"""The benchmark of devices: ratios within rounds, and steps that really run."""

from experiments.benchmarks import devices as benchmark


def test_a_ratio_is_the_median_over_rounds_and_not_a_ratio_of_medians():
    # The second round was three times as slow, for all counts.
    rounds = [
        {1: 300.0, 2: 450.0, 4: 600.0},
        {1: 100.0, 2: 150.0, 4: 200.0},
        {1: 200.0, 2: 100.0, 4: 400.0},
    ]
    assert benchmark.medians(rounds) == {
        "images_per_second": {"1": 200.0, "2": 150.0, "4": 400.0},
        "ratio_to_one_device": {"1": 1.0, "2": 1.5, "4": 2.0},
    }


def test_speed_is_images_by_time(monkeypatch):
    clock = iter([10.0, 12.0])
    monkeypatch.setattr(benchmark.time, "perf_counter", lambda: next(clock))
    calls = []
    assert benchmark.images_per_second(calls.append, 5, 16) == 5 * 16 / 2
    assert calls == [5]


def test_few_steps_go_on_over_the_batches_of_a_phase(tiny_config, tiny_stream, monkeypatch):
    monkeypatch.setattr(benchmark, "build_stream", lambda config: tiny_stream)
    learner = benchmark.Learner(tiny_config, 2)
    learner.whole_phase("start")
    learner.few_steps("classify", 5)  # an epoch has three
    state = learner._state
    assert state.consolidation.examples["classify"].tolist() == [5 * 16] * 2
