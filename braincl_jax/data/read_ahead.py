"""Reading batches ahead: while a step runs, a thread reads what the next ones need."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

# Batches that are read or wait beside the one in use, and as many as there may be.
AHEAD, MOST_AHEAD = 2, 256


def read_ahead(
    read: Callable[[int], T], steps: Iterable[int], *, ahead: int = AHEAD
) -> Generator[T, None, None]:
    """`map(read, steps)`, read by one thread that is up to `ahead` steps in front.

    Which value comes at which step is for `read` alone to say, so a run may resume at any step. The thread starts with
    the first value that is asked for, and stops with the iterator: at its end, by `close()`, or as it is forgotten.

    Args:
        read: step -> what belongs to it.
        steps: the steps, in order.
        ahead: values that are read or wait while one is in use, 1..256.

    Returns:
        A generator.

    Raises:
        ValueError: `ahead` is not 1..256.
        Exception: whatever `read` raised, when its step's turn comes.
    """
    if not 1 <= ahead <= MOST_AHEAD:
        raise ValueError(f"ahead={ahead}: need 1..{MOST_AHEAD} values in front.")
    return _read_ahead(read, steps, ahead)


def _read_ahead(
    read: Callable[[int], T], steps: Iterable[int], ahead: int
) -> Generator[T, None, None]:
    reader = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
    waiting: deque[Future[T]] = deque()
    try:
        for step in steps:
            waiting.append(reader.submit(read, step))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # A read that has begun is waited for; none is begun any more.
        reader.shutdown(wait=True, cancel_futures=True)
