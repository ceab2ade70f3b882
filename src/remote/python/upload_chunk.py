"""Writes one piece of a file at its offset into a part file."""

import base64
import os
from typing import Any


def main(arguments: dict[str, Any]) -> int:
    """Take ``{"part", "offset", "data"}`` (data in base64); give the number of bytes written.

    Writing the same piece again changes nothing, so that a piece may be sent twice.
    """
    data = base64.b64decode(arguments["data"], validate=True)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(arguments["part"], flags, 0o644), "r+b") as file:
        file.seek(arguments["offset"])
        return file.write(data)
