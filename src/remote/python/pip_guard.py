"""Stands between Blender and pip: ends pip with all that it started when Blender ends, or asks.

``pip_run.py`` starts it in a session of its own: ``python -I -S pip_guard.py FOLDER COMMAND…``.
Blender holds the other end of its standard input and never writes: that end closes when Blender
wants the run to end, and also when Blender dies, however it does.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

# In the environment of everything that pip starts, so that what has left its group is found too.
MARKER = "BLENDER_REMOTE_PIP_RUN"

SCANS = 50
SCAN_PAUSE_SECONDS = 0.01


def marked(marker: bytes) -> list[int]:
    """Give the other processes with this entry in their environment, where the system tells."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        # A process that has ended meanwhile, or somebody else's.
        with contextlib.suppress(OSError):
            if marker in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return [pid for pid in found if pid != os.getpid()]


def end_marked() -> None:
    marker = os.fsencode(f"{MARKER}={os.environ.get(MARKER, '')}")
    # Again, because a process may start another one between the look and its end.
    for _ in range(SCANS):
        pids = marked(marker)
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(SCAN_PAUSE_SECONDS)


def end_tree(pip: "subprocess.Popen[bytes]") -> None:
    """End pip and what it started; on POSIX the rest of the group ends with this process."""
    if os.name == "posix":
        pip.kill()
        end_marked()
    else:
        command = ["taskkill", "/F", "/T", "/PID", str(pip.pid)]
        # Its words don't belong into pip's output.
        nowhere = subprocess.DEVNULL
        subprocess.run(command, stdin=nowhere, stdout=nowhere, stderr=nowhere, check=False)
    pip.wait()


def end_all(pip: "subprocess.Popen[bytes]", folder: str) -> None:
    """End pip, its children and this process, and remove the run's folder."""
    try:
        end_tree(pip)
        shutil.rmtree(folder, ignore_errors=True)
        if os.name == "posix":
            # This process leads its group; where it doesn't, nothing of others is touched.
            os.killpg(os.getpid(), signal.SIGKILL)
    finally:
        os._exit(1)


def main(arguments: list[str]) -> None:
    """Run ``arguments[1:]`` and end as it ends."""
    folder, *command = arguments
    pip = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    ending = threading.Event()

    def watch() -> None:
        while os.read(0, 1):
            pass
        ending.set()
        end_all(pip, folder)

    threading.Thread(target=watch, daemon=True).start()
    code = pip.wait()
    if ending.is_set():
        # The thread ends this process.
        threading.Event().wait()
    if code < 0:
        # By the same signal, unless Python ignores it or it can't be handled at all.
        with contextlib.suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
