"""Tests of machine.py: what tells machines apart."""

import os
import socket
import sys

import machine
import pytest


def test_host() -> None:
    assert machine.main(None)["host"] == socket.gethostname()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells more")
def test_linux() -> None:
    seen = machine.main(None)
    assert seen["boot"].count("-") == 4
    assert seen["namespace"] == os.readlink("/proc/self/ns/pid")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells more")
def test_nothing_is_known_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_path: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(os, "readlink", missing)
    assert machine.main(None)["namespace"] == ""
