"""Makes the Python that runs in Blender importable by plain Python, as Blender sees it.

Scripts import the modules that they bring by their bare names, from whatever room they are in.
"""

import contextlib
import ctypes
import os
import sys
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
ROOMS = sorted(
    {
        path.parent
        for rooms in ("remote/*", "local/*", "packages")
        for path in SOURCE.glob(f"{rooms}/*.py")
    }
)

sys.path[:0] = [str(room) for room in ROOMS]
# The service's modules that scripts bring along: last, because some have the names of others'.
sys.path.append(str(SOURCE / "service" / "bld_remote_mcp"))
# What the tests in Blender use, too.
sys.path.append(str(Path(__file__).parents[1] / "support"))


from service_modules import import_with_relatives  # noqa: E402

import_with_relatives("program", "upload_folder")

if os.name == "nt":
    import msvcrt

    STD_INPUT_HANDLE = -10
    _symlink = os.symlink

    def symlink_or_skip(target: Any, link: Any, *arguments: Any, **options: Any) -> None:
        """Make a link; skip the test where this user may not, and under Wine, which makes none."""
        with contextlib.suppress(OSError, NotImplementedError):
            _symlink(target, link, *arguments, **options)
        # pytest does without its own ones (``pytest-current``).
        if not os.path.islink(link) and not os.fspath(link).endswith("current"):
            pytest.skip("POSIX only: links take a right of their own on Windows")

    os.symlink = symlink_or_skip

    def pytest_runtest_setup() -> None:
        """Give processes that tests start pytest's stdin: what it puts there only C knows of."""
        stdin = msvcrt.get_osfhandle(0)
        ctypes.windll.kernel32.SetStdHandle(STD_INPUT_HANDLE, ctypes.c_void_p(stdin))
