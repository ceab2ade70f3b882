"""Waits beside a pip run: ends it with all that it started when Blender asks, or dies.

``pip_start.py`` starts it: ``python -I -S -X utf8 pip_guard.py FOLDER PID MARK``, with the run's
folder, the process that leads its group, and the entry ``NAME=VALUE`` that all which pip starts has
in its environment, so that what has left its group is found too. Blender holds the other end of its
standard input: a byte comes when pip has ended; when that end closes before, however that comes
about, pip is ended and the folder is removed.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

# By its whole path: Windows would take one in the current folder first.
TASKKILL = os.path.join(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe")
SCANS = 50
SCAN_PAUSE_SECONDS = 0.01


def marked(marker: bytes) -> list[int]:
    """Give the processes with this entry in their environment, on systems that tell."""
    found: list[int] = []
    entries = os.listdir("/proc") if os.path.isdir("/proc") else []
    for pid in filter(str.isdigit, entries):
        # A process that has ended meanwhile, or somebody else's.
        with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
            if marker in file.read().split(b"\0"):
                found.append(int(pid))
    return found


def end_group(leader: int, mark: str) -> None:
    with contextlib.suppress(OSError):
        os.killpg(leader, signal.SIGKILL)
    marker = os.fsencode(mark)
    # Again, because a process may start another one between the look and its end.
    for _ in range(SCANS):
        pids = marked(marker)
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(SCAN_PAUSE_SECONDS)


def main(arguments: list[str]) -> None:
    """Take ``[folder, pid, mark]`` and wait for Blender's word, or its end."""
    folder, pid, mark = arguments
    if os.read(0, 1):
        return
    if os.name == "posix":
        end_group(int(pid), mark)
    else:
        subprocess.run([TASKKILL, "/F", "/T", "/PID", pid], check=False)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
