"""A fork goes on from another run's checkpoint with settings of its own, where that makes sense."""

import dataclasses
import json
from pathlib import Path

import jax
import pytest

from braincl_jax.build import build_method, build_plan, init_brain
from braincl_jax.config import from_mapping, to_mapping
from braincl_jax.data.fingerprint import fingerprint
from braincl_jax.pipeline import Phase
from braincl_jax.runtime.checkpoint import numbered
from braincl_jax.runtime.cursor import Cursor
from braincl_jax.runtime.fork import check_figures, fork, require_same_cut
from braincl_jax.runtime.interrupt import Interrupted
from braincl_jax.runtime.record import Record
from braincl_jax.runtime.stages import build_evaluators
from braincl_jax.state import without_prefetched
from experiments.benchmarks.launched import differences
from tests.runtime.dying import Crash, crash, files_of, terminate


def test_a_fork_of_the_same_settings_ends_as_its_origin_would_have(
    run, undisturbed, interrupted, tmp_path
):
    before = files_of(interrupted)
    run(tmp_path / "fork", fork_from=interrupted)
    assert differences(undisturbed, tmp_path / "fork") == []
    assert files_of(interrupted) == before
    told = json.loads((tmp_path / "fork" / "config.json").read_text())
    assert told["forked_from"] == {
        "workdir": str(interrupted),
        "checkpoint": numbered(interrupted / "checkpoints")[-1].name,
    }


def test_a_fork_takes_its_own_settings_and_resumes_by_the_same_command(
    run, config, interrupted, tmp_path
):
    changed = dataclasses.replace(config, sleep=dataclasses.replace(config.sleep, steps=7))
    with pytest.raises(Crash):
        run(
            tmp_path / "fork",
            ((1, "memorise", 1), crash),
            config=changed,
            fork_from=interrupted,
        )
    run(tmp_path / "fork", config=changed, fork_from=interrupted)
    log = (tmp_path / "fork" / "metrics.jsonl").read_text()
    assert log.startswith((interrupted / "metrics.jsonl").read_text())
    steps = [json.loads(line).get("step") for line in log.splitlines()]
    assert 7 in steps


def test_a_phase_that_is_shorter_now_has_ended(run, config, interrupted, tmp_path):
    sleep = dataclasses.replace(config.sleep, steps=1)
    with pytest.raises(Crash):
        run(
            tmp_path / "fork",
            ((0, "after_task", 0), crash),
            config=dataclasses.replace(config, sleep=sleep),
            fork_from=interrupted,
        )


def test_a_phase_that_is_shorter_now_may_have_been_the_last_of_its_task(
    run, config, interrupted, tmp_path
):
    sleep = dataclasses.replace(config.sleep, steps=1)
    changed = dataclasses.replace(config, sleep=sleep, evaluators=("recall_quality",))
    with pytest.raises(Crash):
        run(
            tmp_path / "fork",
            ((1, "start", 0), crash),
            config=changed,
            fork_from=interrupted,
        )


def test_a_phase_that_is_left_out_now_has_ended(run, config, tmp_path):
    with pytest.raises(Interrupted):
        run(tmp_path / "run", ((0, "classify", 1), terminate))
    wake = dataclasses.replace(config.wake, epochs=0)
    with pytest.raises(Crash):
        run(
            tmp_path / "fork",
            ((0, "transfer", 0), crash),
            config=dataclasses.replace(config, wake=wake),
            fork_from=tmp_path / "run",
        )


def test_the_origin_of_a_fork_may_be_written_in_another_way(
    run, config, interrupted, tmp_path, monkeypatch
):
    monkeypatch.chdir(interrupted.parent)
    for origin in (Path(interrupted.name), interrupted):
        with pytest.raises(Crash):
            run(tmp_path / "fork", ((1, "memorise", 1), crash), fork_from=origin)


def test_an_evaluator_that_has_missed_a_task_is_refused():
    evaluators = build_evaluators(("accuracy", "before_sleep", "recall_quality"))
    names = ["start", "after_wake", "replay", "after_task"]
    cursor = Cursor("replay", task=1)
    cursor.outcome.figures["accuracy"][0] = {}
    cursor.outcome.figures["before_sleep"] |= {0: {}, 1: {}}
    check_figures(cursor, evaluators, names)
    cursor.enter("after_task")  # the moment itself is not too late
    check_figures(cursor, evaluators, names)
    del cursor.outcome.figures["before_sleep"][1]
    with pytest.raises(ValueError, match="did not ask 'before_sleep' after task 1"):
        check_figures(cursor, evaluators, names)
    cursor.enter("start")
    check_figures(cursor, evaluators, names)
    del cursor.outcome.figures["accuracy"]
    with pytest.raises(ValueError, match="did not ask 'accuracy' after task 0"):
        check_figures(cursor, evaluators, names)


def test_a_fork_that_dies_before_it_is_set_up_is_set_up_again(
    run, undisturbed, interrupted, tmp_path, monkeypatch
):
    def die(*arguments):
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr("braincl_jax.runtime.fork.write_checkpoint", die)
        with pytest.raises(Crash):
            run(tmp_path / "fork", fork_from=interrupted)
    run(tmp_path / "fork", fork_from=interrupted)
    assert differences(undisturbed, tmp_path / "fork") == []


def test_a_finished_run_is_looked_at_again(run, config, undisturbed, tmp_path, plugin):
    name = plugin(
        "from braincl_jax.registry import EVALUATORS\n"
        "from braincl_jax.settings import settings\n"
        "@EVALUATORS.register('late')\n"
        "@settings()\n"
        "class Late:\n"
        "    when, rows = 'at_end', ()\n"
        "    def run(self, exam):\n"
        "        return {'task': exam.task}\n"
        "    def summarise(self, figures, stream):\n"
        "        return {'late': figures[1]['task']}\n"
    )
    changed = from_mapping(
        to_mapping(config) | {"plugins": (name,), "evaluators": ("accuracy", "late")}
    )
    summary = run(
        tmp_path / "fork", ((1, "replay", 0), crash), config=changed, fork_from=undisturbed
    )
    expected = json.loads((undisturbed / "summary.json").read_text())
    assert summary["accuracy_matrix"] == expected["accuracy_matrix"]
    assert summary["late"] == 1


def test_impossible_forks_are_refused(run, config, undisturbed, interrupted, tmp_path):
    def refused(message: str, workdir: Path = tmp_path / "fork", **options) -> None:
        with pytest.raises(ValueError, match=message):
            run(workdir, **options)

    refused("has no checkpoints", fork_from=tmp_path / "nowhere")
    refused(
        "seed 0 there, 5 here",
        config=dataclasses.replace(config, seed=5),
        fork_from=interrupted,
    )
    # The same shapes, but another number format: stored decoders would be read as nonsense.
    other = dataclasses.replace(config.codec, storage="bfloat16")
    refused(
        r"codec\.storage int8 there, bfloat16 here: a fork must keep",
        config=dataclasses.replace(config, codec=other),
        fork_from=interrupted,
    )
    refused("is the work directory itself", interrupted, fork_from=interrupted, restart=True)
    refused("began by itself", interrupted, fork_from=undisturbed)
    wider = dataclasses.replace(config, network="resnet8(width=8)")
    refused("encoder/params/head", config=wider, fork_from=interrupted)
    assert not (tmp_path / "fork").exists()


def test_a_phase_that_shows_each_image_once_cannot_change_its_batches_halfway(
    run, config, tmp_path
):
    with pytest.raises(Interrupted):
        run(tmp_path / "run", ((0, "memorise", 1), terminate))
    changed = dataclasses.replace(config, eval_batch_size=24)
    with pytest.raises(
        ValueError, match="amid 'memorise' with eval_batch_size=20; eval_batch_size=24 would"
    ):
        run(tmp_path / "fork", config=changed, fork_from=tmp_path / "run")


def test_a_phase_that_the_method_lacks_is_refused(run, config, tiny_stream, tmp_path):
    with pytest.raises(Interrupted):
        run(tmp_path / "run", ((0, "encode", 3), terminate))
    plan = build_plan(config, tiny_stream)
    method = build_method(config, plan)
    abstract = jax.eval_shape(
        lambda key: without_prefetched(init_brain(method, key)), jax.random.key(0)
    )
    story = [phase for phase in method.phases(tiny_stream) if phase.name != "encode"]
    with pytest.raises(ValueError, match=r"that run is in 'encode', which .* lack"):
        fork(
            tmp_path / "run",
            tmp_path / "fork",
            Record(config, plan, fingerprint(tiny_stream)),
            abstract,
            story,
        )


@pytest.mark.parametrize(
    ("cut_by", "message"),
    [
        (("wake.batch_size",), r"amid 'dream' with wake\.batch_size=8; wake\.batch_size=4 would"),
        (("method",), "amid 'dream' with method=ewc; method=finetune would"),
        (("seed",), None),
    ],
)
def test_what_shares_out_images_among_steps_stays_while_they_are_shown(cut_by, message):
    phase = Phase("dream", lambda *moment: moment, cut_by=cut_by)  # pyright: ignore
    old = {"method": "ewc", "seed": 3, "wake": {"batch_size": 8}}
    new = {"method": "finetune", "seed": 3, "wake": {"batch_size": 4}}
    if message is None:
        require_same_cut(phase, old, new)
    else:
        with pytest.raises(ValueError, match=message):
            require_same_cut(phase, old, new)
