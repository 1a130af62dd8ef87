"""Every task alone: its images and no others."""


def test_asleep_there_are_images_of_the_current_task_alone(short, short_stream):
    method = short("alone")
    assert method.capacity == 0
    assert [list(method.at_hand(task)) for task in range(2)] == [[0], [1]]
