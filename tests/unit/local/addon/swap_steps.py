"""Takes exchanges' steps, each time in a process of its own, which may be ended anywhere.

Reads lines of JSON, ``{"calls", "exchange", "killAt"}``: methods of Exchange, its folder, and the
number of the change to the disk before which the process ends at once. The call ``remove`` begins a
Removal instead, of the path that stands for the folder. Answers each with
``{"killed", "changes", "error"}``: how many changes there were, and the exception's type, if any.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "src/local/addon"))
import swap

KILLED = 9
changes = 0


def counted(change: Callable[..., Any], kill_at: int) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        global changes
        if changes == kill_at:
            os._exit(KILLED)
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


def answer(line: str) -> None:
    task = json.loads(line)
    taken = take(task["calls"], task["exchange"], task["killAt"])
    os.write(1, f"{json.dumps(taken)}\n".encode())


def in_child(line: str) -> int:
    """Answer in another process; its exit code. A fork takes a tenth of the time."""
    if not hasattr(os, "fork"):
        return subprocess.run([sys.executable, "-IS", __file__, line], check=False).returncode
    child = os.fork()
    if child == 0:
        answer(line)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    for line in sys.stdin:
        if in_child(line) == KILLED:
            os.write(1, b'{"killed": true, "changes": 0, "error": null}\n')


if len(sys.argv) > 1:
    answer(sys.argv[1])
else:
    main()
