"""Steps coroutines in one thread without waiting: executor calls run at once, and a waiting coroutine is stopped."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")


class _Unblocking(selectors.SelectSelector):
    """A selector that never waits. It calls `idle` when the loop would wait."""

    idle: Callable[[], None] = staticmethod(lambda: None)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self.idle()
        return []


class SteppedLoop(asyncio.SelectorEventLoop):
    """An event loop for one step at a time. `seconds` returns its time."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        selector = _Unblocking()
        self._seconds = seconds
        super().__init__(selector)
        selector.idle = self.stop

    def time(self) -> float:
        return self._seconds()

    def run_in_executor(self, executor: Executor | None, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except BaseException as error:
            future.set_exception(error)
        return future

    def drive(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run `work` until it ends or would wait, then cancel it. Raises the exception of `work`."""
        task = self.create_task(work)
        self.run_forever()
        if not task.done():
            task.cancel()
            self.run_forever()
        if not task.cancelled() and (error := task.exception()):
            raise error
