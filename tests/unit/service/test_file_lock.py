"""Locks on files, between processes and within one."""

import errno
import subprocess
import sys
from io import FileIO
from pathlib import Path

import pytest
from bld_remote_mcp import file_lock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "owner"


def test_one_open_file_holds_it_until_it_is_closed(path: Path) -> None:
    with FileIO(path, "w") as one, FileIO(path, "w") as other:
        assert file_lock.lock(one)
        assert not file_lock.lock(other)
        one.close()
        assert file_lock.lock(other)


def test_held_as_long_as_its_file_is_open(path: Path) -> None:
    assert file_lock.is_held(path) is False
    with file_lock.hold(path):
        assert file_lock.is_held(path) is True
    assert file_lock.is_held(path) is False
    assert path.exists()


def test_held_until_its_process_ends(path: Path) -> None:
    code = (
        "import sys; from file_lock import hold\n"
        "file = hold(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    )
    source = str(Path(file_lock.__file__).parent)
    with subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path.append({source!r})\n{code}", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        assert file_lock.is_held(path) is True
        holder.kill()
    assert file_lock.is_held(path) is False


def test_whoever_asks_at_the_same_time_only_delays_the_holder(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FileIO(path, "w") as other:
        assert file_lock.lock(other)
        monkeypatch.setattr(file_lock.time, "sleep", lambda _: other.close())
        with file_lock.hold(path):
            assert file_lock.is_held(path) is True


def test_a_file_system_without_locks(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: FileIO, exclusive: bool) -> None:
        raise OSError(errno.ENOLCK, f"no locks, exclusive or not ({exclusive})")

    monkeypatch.setattr(file_lock, "_lock_now", refuse)
    with file_lock.hold(path):
        assert file_lock.is_held(path) is None
    (told,) = caplog.messages
    assert told.startswith(f"No lock keeps others from {path}: no locks")


def test_what_may_not_be_opened(tmp_path: Path) -> None:
    assert file_lock.is_held(tmp_path) is None
