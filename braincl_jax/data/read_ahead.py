"""Reading batches ahead: while a step runs, threads read what the next ones need."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

# Batches that are read or wait beside the one in use, and as many as there may be.
AHEAD, MOST_AHEAD = 3, 256
# Batches that are read at once: where the last images of one are being decoded, the next one has the idle cores.
READERS = 2


def read_ahead(
    read: Callable[[int], T], steps: Iterable[int], *, ahead: int = AHEAD
) -> Generator[T, None, None]:
    """`map(read, steps)`, read by two threads that are up to `ahead` steps in front.

    Which value comes at which step is for `read` alone to say, so a run may resume at any step. The threads start with
    the first value that is asked for, and stop with the iterator: at its end, by `close()`, or as it is forgotten.

    Args:
        read: step -> what belongs to it; it is called by both threads at once.
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
    readers = ThreadPoolExecutor(min(READERS, ahead), thread_name_prefix="read-ahead")
    waiting: deque[Future[T]] = deque()
    try:
        for step in steps:
            waiting.append(readers.submit(read, step))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # A read that has begun is waited for; none is begun any more.
        readers.shutdown(wait=True, cancel_futures=True)
