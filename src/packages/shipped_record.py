"""What Blender shipped, noted before it is replaced.

In an official build all that pip installs lies in the same folder, and what it replaces is gone. So
an install that may replace what Blender shipped writes down first what that was, beside it.
"""

import json
import os
from typing import cast

from package_metadata import read

RECORD = ".blender-remote-shipped.json"


def noted(folder: str) -> dict[str, str]:
    """Give the versions by name that Blender shipped in a folder, as far as they were noted."""
    try:
        record: object = json.loads(read(folder, RECORD) or "{}")
    except ValueError:
        return {}
    if not isinstance(record, dict):
        return {}
    entries = cast("dict[object, object]", record)
    return {
        name: version
        for name, version in entries.items()
        if isinstance(name, str) and isinstance(version, str)
    }


def note(folder: str, versions: dict[str, str]) -> None:
    """Add to what is noted; what was noted first stays. Raises OSError."""
    all_versions = {**versions, **noted(folder)}
    if not versions or all_versions == noted(folder):
        return
    path = os.path.join(folder, RECORD)
    with open(f"{path}.part", "w", encoding="utf-8") as file:
        json.dump(all_versions, file)
    os.replace(f"{path}.part", path)
