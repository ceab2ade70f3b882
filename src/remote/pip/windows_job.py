"""Windows' jobs: by them a process ends with all that it has started."""

import ctypes
import os
import subprocess
import sys
from typing import Any

# The rights PROCESS_TERMINATE and PROCESS_SET_QUOTA, which it takes to put a process into a job.
INTO_JOB = 0x0101

# JOBOBJECT_EXTENDED_LIMIT_INFORMATION: its number, its size in words on 64 bits, and of its flags,
# which are the fifth word, the one that ends the processes when the job's last handle is closed.
LIMITS, LIMIT_WORDS, FLAGS, ENDS_WITH_HANDLE = 9, 36, 4, 0x2000


def job_of(process: "subprocess.Popen[bytes]") -> int | None:
    """Put a process into a job, with whatever it starts from now on; give the job's handle.

    They end when it is closed by all who have it. None for a process that has ended by itself, and
    on other systems. OSError where it can't be done.
    """
    if sys.platform != "win32":
        return None
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    handle = ctypes.c_void_p
    kernel.CreateJobObjectW.restype = kernel.OpenProcess.restype = handle
    job: int = kernel.CreateJobObjectW(None, None)
    entered = kernel.OpenProcess(INTO_JOB, False, process.pid)
    limits = (ctypes.c_uint32 * LIMIT_WORDS)()
    limits[FLAGS] = ENDS_WITH_HANDLE
    done = kernel.SetInformationJobObject(
        handle(job), LIMITS, limits, ctypes.sizeof(limits)
    ) and kernel.AssignProcessToJobObject(handle(job), handle(entered))
    error = ctypes.WinError(ctypes.get_last_error())
    kernel.CloseHandle(handle(entered))
    if done:
        return job
    close(job)
    if process.poll() is None:
        raise error
    return None


def close(job: int | None) -> None:
    """Close the handle of a job, if it is one."""
    if sys.platform == "win32" and job is not None:
        ctypes.WinDLL("kernel32").CloseHandle(ctypes.c_void_p(job))


def given_to_child(job: int | None) -> Any:  # noqa: ANN401
    """Give the ``startupinfo`` of a process that is to have the handle as well."""
    if sys.platform != "win32" or job is None:
        return None
    os.set_handle_inheritable(job, True)
    return subprocess.STARTUPINFO(lpAttributeList={"handle_list": [job]})
