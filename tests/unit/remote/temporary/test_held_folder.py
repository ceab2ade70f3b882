"""Temporary folders that are held, and what becomes of those that nobody holds any more."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import held_folder
import pip_guard
import pytest
from systems import WINDOWS, posix_only, temporary_in

PREFIX = "blender-remote-test-"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


class Other:
    """Another Blender that has made a folder; it waits where it is told to."""

    def __init__(self, temporary: Path, ahead: str = "") -> None:
        code = f"""
import sys
sys.path[:] = {sys.path!r}
import held_folder, os, pathlib, time
def stop(*_):
    print(flush=True)
    time.sleep(600)
{ahead}
folder = held_folder.make_held({PREFIX!r}).name
os.mkdir(folder + "/deep")
pathlib.Path(folder, "deep", "file").write_text("x")
stop()
"""
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, **temporary_in(temporary)},
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def kill(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            self.process.kill()
            self.process.wait()


def ours(temporary: Path) -> list[Path]:
    return [path for path in temporary.iterdir() if path.name.startswith(PREFIX)]


def test_only_this_user_reads_it_and_it_goes(temporary: Path) -> None:
    before = os.umask(0)
    try:
        folder = held_folder.make_held(PREFIX)
    finally:
        os.umask(before)
    assert Path(folder.name).parent == temporary
    assert WINDOWS or os.stat(folder.name).st_mode & 0o777 == 0o700
    for _ in range(2):
        folder.cleanup()
        assert list(temporary.iterdir()) == []


def test_what_a_killed_blender_has_left_goes_and_not_before(temporary: Path) -> None:
    other = Other(temporary)
    (theirs,) = ours(temporary)
    held_folder.make_held(PREFIX).cleanup()
    assert (theirs / "deep" / "file").exists()
    other.kill()
    held_folder.make_held(PREFIX).cleanup()
    assert ours(temporary) == []


@pytest.mark.parametrize(
    "ahead",
    [
        "held_folder.hold = stop",
        "pathlib.Path.touch = stop",
        "os.mkdir = lambda path, *rest: (make(path, *rest), 'deep' in path and stop())",
    ],
    ids=["made", "held", "begun"],
)
def test_a_blender_that_is_killed_in_any_stage(temporary: Path, ahead: str) -> None:
    other = Other(temporary, f"make = os.mkdir\n{ahead}")
    other.kill()
    held_folder.remove_left(PREFIX)
    # Of one in the making there is nothing to be known; it is empty.
    assert [name for path in ours(temporary) for name in os.listdir(path)] in (
        [],
        [held_folder.OWNER],
    )
    for path in ours(temporary):
        os.utime(path, (1, 1))
    held_folder.remove_left(PREFIX)
    assert ours(temporary) == []


@pytest.mark.parametrize("step", [1, 2])
def test_a_removal_that_is_cut_off(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    Other(temporary).kill()
    remove, steps = shutil.rmtree, iter(range(10))

    def cut(*arguments: object, **options: object) -> None:
        if next(steps) + 1 == step:
            raise KeyboardInterrupt
        remove(*arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", cut)
        with pytest.raises(KeyboardInterrupt):
            held_folder.remove_left(PREFIX)
    held_folder.remove_left(PREFIX)
    assert ours(temporary) == []


@posix_only("links and modes are none of its")
@pytest.mark.parametrize("kind", ["link", "writable", "foreign", "unmarked", "odd"])
def test_what_is_not_this_users_own_stays(temporary: Path, kind: str) -> None:
    Other(temporary).kill()
    (left,) = ours(temporary)
    if kind == "link":
        left.rename(temporary / "elsewhere")
        left.symlink_to(temporary / "elsewhere")
    elif kind == "writable":
        left.chmod(0o777)
    elif kind == "unmarked":
        (left / held_folder.RECORD).unlink()
        os.utime(left, (1, 1))
    elif kind == "odd":
        (left / held_folder.RECORD).unlink()
        (left / held_folder.RECORD).mkdir()
    else:
        if os.geteuid() != 0:
            pytest.skip("only root gives folders away")
        os.chown(left, 12345, 12345)
    held_folder.remove_left(PREFIX)
    assert (left / "deep" / "file").exists()


def test_the_guard_of_a_pip_run_knows_what_holds_its_folder() -> None:
    assert {held_folder.OWNER, held_folder.RECORD} == pip_guard.HELD
