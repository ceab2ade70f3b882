"""Tells whether a descriptor is still the file that it was: code may have closed it."""

import os

_fstat = os.fstat  # Code may have replaced it


def identity(number: int) -> tuple[int, int] | None:
    """What stays the same as long as a descriptor means the same file; None where it is closed."""
    try:
        status = _fstat(number)
    except OSError:
        return None
    return status.st_dev, status.st_ino
