"""Whose a file is, and who else may write to it; scripts of the command line's bring it along."""

import os

OTHERS_MAY_WRITE = 0o022
"""The bits of a mode that let others than the owner write."""


def is_own(info: os.stat_result) -> bool:
    """Whether it is this user's, and nobody else may write to it.

    On Windows always: there its place says who may.
    """
    if os.name == "nt":
        return True
    return info.st_uid == os.geteuid() and not info.st_mode & OTHERS_MAY_WRITE
