"""Sockets that are known again, and that no child keeps."""

import os
import socket

import pytest
from bld_remote_mcp import sockets

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a socket is a descriptor there")


def test_a_lost_descriptor_is_noticed_and_its_new_owner_left_alone() -> None:
    first, second = sockets.pair()
    assert not first.lost
    number = first.fileno()
    with open(os.devnull, "rb") as other:
        os.dup2(other.fileno(), number)
    assert first.lost
    first.close()
    os.close(number)  # Still open: close() hasn't touched it
    second.close()


def test_a_number_that_blender_prints_to_is_changed() -> None:
    saved = os.dup(0)
    try:
        os.close(0)
        made = socket.socket()
        assert made.fileno() == 0
        adopted = sockets.Socket.adopt(made.detach())
        assert adopted.fileno() > 2
        assert not os.get_inheritable(adopted.fileno())
        adopted.close()
    finally:
        os.dup2(saved, 0)
        os.close(saved)


def test_a_reader_that_has_gone_is_an_error() -> None:
    first, second = sockets.pair()
    second.close()
    with pytest.raises(BrokenPipeError):
        first.sendall(b"x")
    first.close()


def test_a_child_has_none() -> None:
    first, second = sockets.pair()
    child = os.fork()
    if child == 0:
        os._exit(0 if first.fileno() < 0 and second.fileno() < 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    first.close()
    second.close()
