"""The share of recalling: both steps see the same images, and what is timed really decodes."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from braincl_jax.parts import recall
from experiments.benchmarks import recall_share


@pytest.fixture(scope="module")
def cached(learned):
    return recall_share.with_cache(learned)


def test_the_brain_with_a_cache_reads_what_the_other_one_recalls(learned, cached):
    method, state = cached
    task, slot = jnp.ones(1, jnp.int32), jnp.asarray(learned.slots(1)[:4])[None]
    brains = ((learned.method, learned.state), (method, state))
    recalled, read = (recall(one.layout, brain.memory, task, slot) for one, brain in brains)
    np.testing.assert_array_equal(recalled.image, read.image)
    np.testing.assert_array_equal(recalled.label, read.label)
    assert read.intact.all()


def test_decoding_reads_the_strings_of_the_next_steps(learned):
    decode = jax.jit(recall_share.decoding(learned.method))
    stored = learned.stored
    total = decode(learned.state, None)
    blank = stored.replace(words=jnp.zeros_like(stored.words))
    other = learned.state.replace(memory=learned.state.memory.replace(long_term=blank))
    assert decode(other, None) != total


def test_the_command_measures_shares(learned, cached, monkeypatch, tmp_path, capsys):
    def replay(method):
        """The step that recalls is compiled in many a test; here, it is left out."""
        return replay_of(method) if method is cached[0] else lambda state, _, axis_name: (state, 0)

    replay_of = recall_share.pipeline.replay
    monkeypatch.setattr(recall_share.pipeline, "replay", replay)
    monkeypatch.setattr(recall_share, "learn", lambda config: learned)
    monkeypatch.setattr(recall_share, "with_cache", lambda learned: cached)
    results = tmp_path / "share.json"
    recall_share.main(["--smoke", "--rounds=1", "--devices", "1", f"--results={results}"])
    written = json.loads(results.read_text())
    (share,) = written["shares"]
    assert share["devices"] == 1 and share["step_ms"] > 0 and share["recall_percent"] < 100
    assert "| devices |" in capsys.readouterr().out
