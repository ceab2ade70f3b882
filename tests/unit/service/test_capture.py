"""What code sees as sys.stdout while it runs."""

import io
import sys

import pytest
from bld_remote_mcp.capture import CapturedStream, captured


def test_text_and_bytes_in_one_order() -> None:
    with captured(100) as (stdout, stderr):
        print("one", end=" ", flush=True)
        sys.stdout.buffer.write("zwö".encode()[:3])
        sys.stdout.buffer.write(memoryview("zwö".encode()[3:]))
        sys.stdout.write(" three")
        sys.stderr.write("other\r\n")
    assert stdout.finish() == "one zwö three"
    assert stderr.finish() == "other\r\n"


def test_it_is_a_text_stream_that_is_no_terminal() -> None:
    with captured(100):
        stream = sys.stdout
        assert isinstance(stream, io.TextIOBase)
        assert stream.writable()
        assert not stream.isatty()
        assert stream.encoding == "utf-8"
        stream.reconfigure(encoding="utf-8")
        with pytest.raises(io.UnsupportedOperation):
            stream.fileno()
        with pytest.raises(TypeError, match="must be str, not bytes"):
            stream.write(b"x")


def test_it_keeps_the_beginning_and_counts_the_rest() -> None:
    stream = CapturedStream("stdout", 5)
    for _ in range(4):
        assert stream.write("abc") == 3
    assert stream.dropped == 7
    assert stream.finish() == "abcab\n[output truncated after 5 characters: 7 dropped]\n"


def test_exactly_the_limit_is_not_truncated() -> None:
    stream = CapturedStream("stdout", 5)
    stream.write("abcde")
    assert (stream.finish(), stream.dropped) == ("abcde", 0)


def test_a_late_write_goes_to_the_next_capture() -> None:
    with captured(100) as (first, _stderr):
        kept = sys.stdout
    first.finish()
    with captured(100) as (second, _stderr):
        kept.write("from a handler of earlier code")
    assert second.finish() == "from a handler of earlier code"


def test_a_late_write_outside_goes_to_the_real_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = CapturedStream("stderr", 100)
    stream.finish()
    real = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", real)
    assert stream.write("late") == 4
    assert real.getvalue() == "late"
    monkeypatch.setattr(sys, "__stderr__", None)
    assert stream.write("late") == 4


def test_the_streams_come_back_after_an_exception() -> None:
    before = sys.stdout, sys.stderr
    with pytest.raises(KeyboardInterrupt), captured(100):
        sys.stdout = None
        raise KeyboardInterrupt
    assert (sys.stdout, sys.stderr) == before
