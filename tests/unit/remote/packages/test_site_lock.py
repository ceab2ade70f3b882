"""The lock of a folder of packages, among real processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import site_lock
from file_lock import is_held
from systems import WINDOWS

HOLDER = f"""
import sys
sys.path[:0] = {sys.path!r}
import site_lock
release = site_lock.take(sys.argv[1])
print(release is not None, flush=True)
if sys.stdin.readline():
    release()
    print("released", flush=True)
    sys.stdin.readline()
"""


def other(folder: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLDER, str(folder)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )


def say(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin
    process.stdin.write(f"{line}\n")


def hear(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_one_at_a_time_and_nothing_stays(tmp_path: Path) -> None:
    with other(tmp_path) as holder:
        assert hear(holder) == "True"
        assert site_lock.is_taken(str(tmp_path))
        assert site_lock.take(str(tmp_path)) is None
        say(holder, "")
        assert hear(holder) == "released"
        assert os.listdir(tmp_path) == []
        mine = site_lock.take(str(tmp_path))
        assert mine is not None
        with other(tmp_path) as late:
            assert hear(late) == "False"
            late.kill()
        mine()
        # Once more is nothing.
        mine()
        holder.kill()
    assert not site_lock.is_taken(str(tmp_path))


@pytest.mark.parametrize("killed", [True, False])
def test_a_process_that_ends_gives_it_back(tmp_path: Path, killed: bool) -> None:
    with other(tmp_path) as holder:
        assert hear(holder) == "True"
        if killed:
            holder.kill()
        elif holder.stdin:
            holder.stdin.close()
    assert os.listdir(tmp_path) == ([site_lock.NAME] if killed else [])
    assert not site_lock.is_taken(str(tmp_path))
    mine = site_lock.take(str(tmp_path))
    assert mine is not None
    mine()
    assert os.listdir(tmp_path) == []


def test_a_file_that_its_holder_removes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = site_lock.take(str(tmp_path))
    assert first is not None
    real, opened = site_lock.opened, []

    def late(path: str) -> object:
        file = real(path)
        if not opened:
            first()
        opened.append(file)
        return file

    monkeypatch.setattr(site_lock, "opened", late)
    second = site_lock.take(str(tmp_path))
    assert second is not None
    # Windows removes no file that anybody has open.
    assert len(opened) == (1 if WINDOWS else 2)
    assert is_held(tmp_path / site_lock.NAME)
    second()


def test_whoever_asks_keeps_nobody_out(tmp_path: Path) -> None:
    asks = "import sys; sys.path[:0] = %r; import site_lock\nwhile True: site_lock.is_taken(%r)"
    (tmp_path / site_lock.NAME).touch()
    command = [sys.executable, "-c", asks % (sys.path, str(tmp_path))]
    with subprocess.Popen(command) as asking:
        for _ in range(200):
            mine = site_lock.take(str(tmp_path))
            assert mine is not None
            mine()
            (tmp_path / site_lock.NAME).touch()
        asking.kill()


def test_several_folders(tmp_path: Path) -> None:
    folders = [str(tmp_path / name) for name in ("a", "b", "none")]
    for folder in folders[:2]:
        os.mkdir(folder)
    taken = site_lock.take_all(folders)
    assert not isinstance(taken, str)
    assert site_lock.take_all([folders[1]]) == folders[1]
    site_lock.release_all(taken)
    second = site_lock.take(folders[1])
    assert second is not None
    assert site_lock.take_all(folders) == folders[1]
    assert not site_lock.is_taken(folders[0])
    second()
