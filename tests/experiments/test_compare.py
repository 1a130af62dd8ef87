"""A comparison says what is to do before anything is done."""

from absl import flags

from experiments import compare


def test_a_dry_run_says_what_is_to_do_and_trains_nothing(tmp_path, capsys, monkeypatch):
    asked = [f"--workdir={tmp_path / 'runs'}", "--seeds=3,4", "--variant=joint", "--dry_run"]
    monkeypatch.setattr(compare.jax.config, "update", lambda *setting: None)
    flags.FLAGS.unparse_flags()
    rest = flags.FLAGS(["compare", *asked, "--", "--config.wake.epochs=0"])
    assert compare.main(rest) == 0
    told = capsys.readouterr().out
    assert told.count("| to do |") == 2 and "quickstart-joint-seed4-" in told
    assert "| joint | " in told and "examples" in told
    assert not (tmp_path / "runs").exists()
