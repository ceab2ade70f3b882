"""What running code writes, kept in order and bounded."""

import os
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Thread

import pytest
from bld_remote_mcp import output_log
from bld_remote_mcp.output_log import LoggedOutput, OutputLog
from wire import SECONDS, wait_until


def everything(log: OutputLog, offset: int = 0) -> LoggedOutput:
    """All that is kept from an offset on; where it begins is that of the first reading."""
    first = read = log.read(offset, 0)
    chunks = list(first.chunks)
    while read.chunks:
        read = log.read(read.offset, 0)
        chunks += read.chunks
    return LoggedOutput(chunks, read.offset, first.begins_at)


def test_streams_in_the_order_of_writing() -> None:
    log = OutputLog()
    for stream, data in (("stdout", b"a"), ("stdout", b"b"), ("stderr", b"c"), ("stdout", b"d")):
        log.write(stream, data)
    output = everything(log)
    assert output.chunks == [("stdout", b"ab"), ("stderr", b"c"), ("stdout", b"d")]
    assert output.begins_at is None


def test_a_reader_goes_on_where_it_was() -> None:
    log = OutputLog()
    log.write("stdout", b"one")
    first = log.read(0, 0)
    assert first.chunks == [("stdout", b"one")]
    assert log.read(first.offset, 0) == LoggedOutput([], first.offset, None)
    log.write("stdout", b"two")
    assert log.read(first.offset, 0).chunks == [("stdout", b"two")]
    assert log.read(0, 0).chunks == [("stdout", b"onetwo")]


def test_nothing_written_is_nothing() -> None:
    log = OutputLog()
    log.write("stdout", b"")
    assert log.read(0, 0) == LoggedOutput([], 0, None)


@pytest.mark.parametrize("wake", [lambda log: log.write("stderr", b"x"), OutputLog.end])
def test_a_reader_that_waits_is_woken(wake: object) -> None:
    log, read = OutputLog(), []
    reader = Thread(target=lambda: read.append(log.read(0, 10 * SECONDS)))
    reader.start()
    wait_until(lambda: bool(log._waiting))
    wake(log)
    reader.join(SECONDS)
    assert len(read) == 1


def test_several_readers_are_woken_at_once() -> None:
    log, read = OutputLog(), []
    readers = [Thread(target=lambda: read.append(log.read(0, 10 * SECONDS))) for _ in range(5)]
    for reader in readers:
        reader.start()
    wait_until(lambda: len(log._waiting) == len(readers))
    log.write("stdout", b"x")
    for reader in readers:
        reader.join(SECONDS)
    assert [output.chunks for output in read] == [[("stdout", b"x")]] * len(readers)


def test_nobody_waits_for_what_has_ended_or_for_no_time() -> None:
    log = OutputLog()
    assert log.read(0, 0).chunks == []
    log.end()
    assert log.read(0, 10 * SECONDS).chunks == []
    assert log.read(10**9, 10 * SECONDS).chunks == []


def test_long_output_comes_in_parts_and_whole() -> None:
    log = OutputLog()
    data = os.urandom(5 * 1024 * 1024)
    log.write("stdout", data)
    assert len(log.read(0, 0).chunks[0][1]) <= 1024 * 1024
    assert b"".join(piece for _, piece in everything(log).chunks) == data


def test_the_oldest_goes_first_and_is_counted() -> None:
    log = OutputLog(1024 * 1024)
    for number in range(300):
        log.write("stdout", b"%8d" % number + bytes(9992))
        log.write("stderr", b"e")
    output = everything(log)
    assert log.size <= 1024 * 1024 + 2 * 64 * 1024
    assert output.begins_at is not None
    kept = {
        name: b"".join(d for s, d in output.chunks if s == name) for name in ("stdout", "stderr")
    }
    assert output.begins_at["stdout"] + len(kept["stdout"]) == 300 * 10_000
    assert output.begins_at["stderr"] + len(kept["stderr"]) == 300
    assert int(kept["stdout"][-10_000:][:8]) == 299


def test_a_reader_that_keeps_up_loses_nothing() -> None:
    log, at, seen = OutputLog(1024 * 1024), 0, 0
    for _ in range(100):
        log.write("stdout", bytes(50_000))
        output = log.read(at, 0)
        assert output.begins_at is None
        at, seen = output.offset, seen + sum(len(data) for _, data in output.chunks)
    assert seen == 5_000_000


def test_a_full_disk_loses_output_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_file(*_arguments: object, **_options: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", no_file)
    log = OutputLog()
    for number in range(200):
        log.write("stdout", b"%8d" % number + bytes(9992))
    output = everything(log)
    data = b"".join(piece for _, piece in output.chunks)
    assert output.begins_at is not None
    assert output.begins_at["stdout"] + len(data) == 200 * 10_000
    assert int(data[-10_000:][:8]) == 199


def test_what_is_dropped_is_counted() -> None:
    log = OutputLog()
    log.write("stdout", b"abc")
    at = log.read(0, 0).offset
    log.write("stderr", b"de")
    log.drop()
    assert log.size == 0
    for offset in (0, at):
        output = log.read(offset, 0)
        assert (output.chunks, output.begins_at) == ([], {"stdout": 3, "stderr": 2})
    assert log.read(output.offset, 0) == LoggedOutput([], output.offset, None)


def test_threads_that_write_at_the_same_time() -> None:
    log = OutputLog()
    writers = [
        Thread(target=lambda name=name: [log.write("stdout", name * 10) for _ in range(2000)])
        for name in (b"a", b"b", b"c")
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(SECONDS)
    data = b"".join(piece for _, piece in everything(log).chunks)
    assert len(data) == 3 * 2000 * 10
    assert {data[at : at + 10] for at in range(0, len(data), 10)} == {
        b"a" * 10,
        b"b" * 10,
        b"c" * 10,
    }


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_forked_child_leaves_the_log_alone(tmp_path: Path) -> None:
    log = OutputLog()
    log.write("stdout", b"before")
    child = os.fork()
    if child == 0:
        with (tmp_path / "out").open("wb") as out:
            os.dup2(out.fileno(), 1)
            log.write("stdout", b"child")
        os._exit(0)
    os.waitpid(child, 0)
    assert (tmp_path / "out").read_bytes() == b"child"
    assert everything(log).chunks == [("stdout", b"before")]


def test_memory_stays_flat_for_long_output() -> None:
    log = OutputLog()
    for _ in range(64):
        log.write("stdout", bytes(1024 * 1024))
    assert log.size > 64 * 1024 * 1024
    assert sum(segment.file._rolled for segment in log._segments) == len(log._segments)
    assert output_log.LIMIT == 256 * 1024 * 1024


@pytest.mark.parametrize("offset", [1, 3, 6])
def test_an_offset_that_nobody_was_given_is_refused(offset: int) -> None:
    log = OutputLog()
    log.write("stdout", b"0123456789")
    log.end()
    with pytest.raises(ValueError, match=f"offset {offset} is none"):
        log.read(offset, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="numbers of descriptors are its C library's")
def test_a_file_that_takes_the_number_of_the_logs_own_is_left_alone(tmp_path: Path) -> None:
    log = OutputLog()
    number = os.dup(0)  # The lowest free one, which the log's file is given next
    os.close(number)
    log.write("stdout", b"a" * 1_000_000)
    os.close(number)
    with ExitStack() as opened:
        files = [opened.enter_context((tmp_path / str(n)).open("wb")) for n in range(3)]
        log.write("stdout", b"b" * 1000)
        read = log.read(0, 0)
        log.drop()
        assert [os.fstat(file.fileno()).st_size for file in files] == [0, 0, 0]
    assert read.chunks == [("stdout", b"b" * 1000)]
    assert read.begins_at == {"stdout": 1_000_000, "stderr": 0}
    with suppress(OSError):
        output_log._lost_files.pop().close()
