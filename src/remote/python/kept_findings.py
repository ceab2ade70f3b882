"""What was found out of other processes and files, kept while Blender runs.

Each finding has a key with all that it depends on; of a file that is path, times and size.
"""

import os
import sys
import types
from collections.abc import Hashable
from typing import Any

# Scripts are run anew by each call, so what is to stay is kept by sys.
MODULE = "_blender_remote_kept_findings"


def findings() -> dict[Hashable, Any]:
    """Give what this Blender knows already, by its keys."""
    module = sys.modules.setdefault(MODULE, types.ModuleType(MODULE))
    return module.__dict__.setdefault("findings", {})


def mark(path: str) -> tuple[str, int, int, int]:
    """Give what tells that a file is still the same: its path, times and size.

    Raises:
        OSError: it can't be looked at.
    """
    seen = os.stat(path)
    # The second time also changes with the permissions; on Windows it is that of the creation.
    return path, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size
