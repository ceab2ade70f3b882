"""Writing past the system's cache.

A large wheel is read once, by pip, if ever. To copy it into memory that the system must find first,
and to have it flushed from there, takes as long as to receive it, and drives out what others use.
"""

import errno
import os
from typing import BinaryIO

if os.name != "nt":
    import fcntl

# Enough for every disk in use: addresses, lengths and offsets must be multiples of its sectors.
ALIGNMENT = 4096


class Uncached:
    """Writes to a file straight to its disk, where system, file system and alignment allow it.

    Otherwise, and from the first block on that isn't aligned, it writes as always.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Take an unbuffered file, which is to be written from where it stands."""
        self._file = file
        self.active = file.tell() % ALIGNMENT == 0 and self._switch(on=True)

    def write(self, block: memoryview) -> int:
        """Write what can be written of a block; give how many bytes. OSError."""
        if self.active:
            aligned = len(block) - len(block) % ALIGNMENT
            try:
                if aligned > 0:
                    return self._file.write(block[:aligned])
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
            self.active = False
            self._switch(on=False)
        return self._file.write(block)

    def _switch(self, *, on: bool) -> bool:
        flag = getattr(os, "O_DIRECT", 0)  # Only Linux has it
        if flag == 0:
            return False
        try:
            flags = fcntl.fcntl(self._file, fcntl.F_GETFL)
            fcntl.fcntl(self._file, fcntl.F_SETFL, flags | flag if on else flags & ~flag)
        except OSError:
            return False  # Such as a file system that is in memory
        return True
