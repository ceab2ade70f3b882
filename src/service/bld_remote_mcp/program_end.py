"""What Python does when a program has ended, before the process does: threads, atexit functions."""

import atexit
import sys
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from inspect import currentframe
from typing import Any

# On Windows nothing interrupts a wait for a thread, so it is cut into short ones.
_WAIT_SECONDS = 0.2

_Registered = tuple[Callable[..., object], tuple[object, ...], dict[str, object]]


class ProgramEnd:
    """The threads that a program began, and what it registered for its end."""

    def __init__(self, names: dict[str, object]) -> None:
        """`names`: the program's globals."""
        self._names = names
        self._threads = set(threading.enumerate())
        self._registered: list[_Registered] = []

    @contextmanager
    def registering(self) -> Generator[None]:
        """Meanwhile, what the program itself registers with atexit is for its own end.

        Not what libraries register: they stay loaded, and need it when Blender ends.
        """
        register, unregister = atexit.register, atexit.unregister

        def register_here(
            function: Callable[..., object], /, *args: object, **named: object
        ) -> Callable[..., object]:
            frame = currentframe()
            caller = None if frame is None else frame.f_back
            if caller is None or caller.f_globals is not self._names or not callable(function):
                return register(function, *args, **named)
            self._registered.append((function, args, named))
            return function

        def unregister_here(function: Callable[..., object], /) -> None:
            self._registered = [one for one in self._registered if one[0] != function]
            unregister(function)

        atexit.register, atexit.unregister = register_here, unregister_here
        try:
            yield
        finally:
            atexit.register, atexit.unregister = register, unregister

    def wait(self) -> None:
        """Wait for the threads that aren't daemons, then call what was registered, last one first.

        KeyboardInterrupt ends the waiting alone. What the functions raise is shown, as Python does.
        """
        try:
            self._wait_for_threads()
        finally:
            self._call_registered()

    def _call_registered(self) -> None:
        while self._registered:
            function, args, named = self._registered.pop()
            try:
                function(*args, **named)
            except SystemExit:
                continue
            except Exception as error:
                frames = error.__traceback__ and error.__traceback__.tb_next
                lines = traceback.format_exception(type(error), error, frames)
                print(f"Exception ignored in atexit callback: {function!r}", file=sys.stderr)
                print("".join(lines), end="", file=sys.stderr)

    def _wait_for_threads(self) -> None:
        while threads := [one for one in threading.enumerate() if self._is_waited_for(one)]:
            for thread in threads:
                _let_go(thread)
                thread.join(_WAIT_SECONDS)

    def _is_waited_for(self, thread: threading.Thread) -> bool:
        return (
            thread not in self._threads
            and not thread.daemon
            and thread is not threading.current_thread()
        )


def _let_go(thread: threading.Thread) -> None:
    """Tell the executor of a worker thread that no more work comes.

    Python does so at its end: the workers of a ThreadPoolExecutor that nobody shut down, and that
    is still referred to, would wait for work for ever.
    """
    pools: Any = sys.modules.get("concurrent.futures.thread")
    worker: Any = thread
    with suppress(Exception):  # Names that Python may change
        if pools is not None and worker in pools._threads_queues:
            executor = worker._args[0]()
            if executor is not None:
                executor.shutdown(wait=False)
