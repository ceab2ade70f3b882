"""Takes exchanges' steps, each time in a process of its own, which may be killed anywhere.

Reads lines of JSON, ``{"calls", "exchange", "killAt"}``: methods of Exchange, its folder, and the
number of the change to the disk before which the process kills itself. The call ``remove`` begins a
Removal instead, of the path that stands for the folder. Answers each with
``{"killed", "changes", "error"}``: how many changes there were, and the exception's type, if any.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "src/local/addon"))
import swap

changes = 0


def counted(change: Callable[..., Any], kill_at: int) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        global changes
        if changes == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        changes += 1
        return change(*args, **kwargs)

    return run


def take(calls: list[str], exchange: str, kill_at: int) -> dict[str, Any]:
    for name in ("rename", "mkdir", "unlink", "rmdir"):
        setattr(os, name, counted(getattr(os, name), kill_at))
    error = None
    try:
        one = None
        for call in calls:
            if call == "remove":
                one = swap.Removal(exchange)
            else:
                one = one or swap.Exchange(exchange)
                getattr(one, call)()
    except OSError as caught:
        error = type(caught).__name__
    return {"killed": False, "changes": changes, "error": error}


def main() -> None:
    for line in sys.stdin:
        task = json.loads(line)
        child = os.fork()
        if child == 0:
            answer = take(task["calls"], task["exchange"], task["killAt"])
            os.write(1, f"{json.dumps(answer)}\n".encode())
            os._exit(0)
        if os.WIFSIGNALED(os.waitpid(child, 0)[1]):
            os.write(1, b'{"killed": true, "changes": 0, "error": null}\n')


main()
