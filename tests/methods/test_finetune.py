"""Plain fine-tuning: nothing is remembered."""


def test_asleep_it_has_the_task_and_nothing_else(diary_of):
    state = diary_of("finetune").after[1, "transfer"]
    method = diary_of("finetune").method
    index = method.layout.index(state.memory)
    assert index.stored.sum() == 48
    assert set(index.task[index.stored].tolist()) == {1}
    assert method.layout.num_stored(state.memory) == 0
