"""Writes a file without the system's file cache.

An uploaded wheel is read once, by pip, if at all. To put it into the cache (the system must find
memory, copy to it, and write from it to the disk) takes as long as to receive it, and pushes out
what other programs have in the cache.
"""

import errno
import os
import sys
from io import FileIO

# Enough for every disk in use: addresses, lengths and offsets must be multiples of its sectors.
ALIGNMENT = 4096

if sys.platform == "linux":
    import fcntl

    def _set_direct(file: FileIO, on: bool) -> None:
        flags = fcntl.fcntl(file, fcntl.F_GETFL)
        fcntl.fcntl(file, fcntl.F_SETFL, flags | os.O_DIRECT if on else flags & ~os.O_DIRECT)

else:

    def _set_direct(file: FileIO, on: bool) -> None:
        raise OSError(errno.ENOSYS, "only Linux can switch the cache off for an open file")


class Uncached:
    """Writes to a file straight to its disk, where system, file system and alignment allow it.

    Otherwise, and from the first block on that isn't aligned, it writes through the cache.
    """

    def __init__(self, file: FileIO) -> None:
        """Take an unbuffered file; writing begins at its current position."""
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
        try:
            _set_direct(self._file, on)
        except OSError:
            return False  # A file system without direct writes, such as one in memory
        return True
