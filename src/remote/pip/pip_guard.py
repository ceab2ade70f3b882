"""Waits beside a pip run: ends it with all that it started when Blender asks, or dies.

``pip_start.py`` starts it: ``python -I -S -X utf8 pip_guard.py FOLDER LEADER MARK``, with the run's
folder, the process that leads its group, and the entry ``NAME=VALUE`` that all which pip starts has
in its environment, so that what has left its group is found too. On Windows the leader is the
handle of pip's job (``windows_job.py``), whose processes end with the last one who has it: this.
Blender holds the other end of its standard input: a byte comes when pip has ended; when that end
closes before, however that comes about, pip is ended and the folder is removed.
"""

import contextlib
import os
import shutil
import signal
import sys
import time

SCANS = 50
SCAN_PAUSE_SECONDS = 0.01
# What shows that the run's folder is held (``held_folder.py``); the first of them Blender has open.
HELD = {".blender-remote-held", ".blender-remote-temporary"}


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


def close_job(leader: str) -> None:
    if sys.platform == "win32" and leader:
        import _winapi

        _winapi.CloseHandle(int(leader))


def remove(folder: str) -> None:
    """Remove the run's folder, but on Windows what Blender has open while it lives."""
    for _ in range(SCANS):
        shutil.rmtree(folder, ignore_errors=True)
        # Windows keeps files for a moment after the end of those who had them open.
        if os.name == "posix" or not os.path.exists(folder) or set(os.listdir(folder)) <= HELD:
            return
        time.sleep(SCAN_PAUSE_SECONDS)


def main(arguments: list[str]) -> None:
    """Take ``[folder, leader, mark]`` and wait for Blender's word, or its end."""
    folder, leader, mark = arguments
    if os.read(0, 1):
        return
    if os.name == "posix":
        end_group(int(leader), mark)
    else:
        close_job(leader)
    remove(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
