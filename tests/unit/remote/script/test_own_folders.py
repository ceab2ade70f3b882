"""Folders in which only the user's own files are believed."""

import os
import shutil
from pathlib import Path

import pytest
from own_folders import private_folder

posix = pytest.mark.skipif(os.name != "posix", reason="there are no modes on Windows")


@posix
@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
def test_what_others_could_write_is_not_believed_also_where_it_cannot_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    folder = tmp_path / "x"
    (folder / "sub").mkdir(parents=True)
    (folder / "file").touch()
    folder.chmod(mode)
    with monkeypatch.context() as killed:
        killed.setattr(shutil, "rmtree", lambda *_a, **_k: None)
        private_folder(folder)
    assert private_folder(folder)
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o777 == 0o700


@posix
def test_what_others_could_read_stays(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "file").touch()
    folder.chmod(0o755)
    assert private_folder(folder)
    assert [one.name for one in folder.iterdir()] == ["file"]
    assert folder.stat().st_mode & 0o777 == 0o700


@posix
def test_nothing_else_is_left_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    (folder / "sub").mkdir(parents=True)
    folder.chmod(0o777)
    assert private_folder(folder)
    assert list(tmp_path.iterdir()) == [folder]
