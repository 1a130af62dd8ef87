"""Who began a run and who went on with it."""

from braincl_jax.runtime.launches import Launch, note_launch, read_launches


def test_launches_are_read_in_the_order_in_which_they_were_noted(tmp_path):
    path = tmp_path / "launches.jsonl"
    assert read_launches(path) == []
    launches = [Launch.of_this_process("a command", "1 x cpu", step) for step in (0, 7)]
    for launch in launches:
        note_launch(path, launch)
    assert read_launches(path) == launches
    assert len(launches[0].code) == 64


def test_a_line_that_was_cut_short_is_passed_over(tmp_path):
    path = tmp_path / "launches.jsonl"
    launch = Launch.of_this_process("a command", "1 x cpu", 0)
    note_launch(path, launch)
    path.write_text(path.read_text()[:-9])
    note_launch(path, launch)
    note_launch(path, launch)
    assert read_launches(path) == [launch, launch]
