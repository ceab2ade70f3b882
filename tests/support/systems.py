"""What tests need to know of the system that they run on."""

import os

import pytest


def needs_fork() -> None:
    """Skip a test whose helper kills a copy of this process."""
    if not hasattr(os, "fork"):
        pytest.skip("POSIX only: Windows has no fork")


def same_lines(output: bytes) -> bytes:
    """Give a process's output with the ends of lines that the service has on every system."""
    return output.replace(os.linesep.encode(), b"\n")
