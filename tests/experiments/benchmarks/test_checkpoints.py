"""What a checkpoint costs: the bytes are those of arrays and files, the times those of a run's lines."""

import json

from experiments.benchmarks import checkpoints


def replay(seconds: float, steps: int = 10) -> dict:
    return {"phase": "replay", "steps": steps, "seconds": seconds}


def saved(seconds: float) -> dict:
    return {"phase": "checkpoint", "steps": 1, "seconds": seconds}


def test_the_delay_is_the_checkpoint_and_what_the_next_steps_take_longer():
    # A step takes 0.1 s; 0.2 s longer for the first steps after the first checkpoint, 0.4 s after the second.
    lines = [replay(1.0), replay(1.0), saved(0.05), replay(1.2), replay(1.0)]
    lines += [saved(0.15), replay(0.9, steps=5), replay(1.0)]
    assert checkpoints.delays(lines) == {
        "replay_step_ms": 100.0,
        "blocking_ms": 100.0,
        "blocking_in_replay_steps": 1.0,
        "delay_ms": 400.0,  # the mean of 0.05 + 0.2 and 0.15 + 0.4
    }


def test_the_command_tells_of_the_last_night(at_once, tmp_path, capsys):
    results = tmp_path / "checkpoints.json"
    checkpoints.main(["--smoke", f"--results={results}"])
    (_, options), finish = at_once
    assert options["environment"]["XLA_FLAGS"].endswith("=4")
    assert finish == ("finish", "run", 2)
    written = json.loads(results.read_text())
    assert written["replay_step_ms"] == 100.0 and written["blocking_ms"] == 40.0
    assert written["delay_ms"] == 100.0
    sizes = written["bytes"]
    assert sizes["long_term_memory"] == 10 and sizes["working_memory"] == 12
    assert sizes["network_and_optimisers"] == 8 and sizes["state"] == 34 < sizes["on_disk"]
    assert "| working_memory (bytes) | 12 |" in capsys.readouterr().out
