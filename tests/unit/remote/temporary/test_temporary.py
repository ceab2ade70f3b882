"""The temporary folder for files that one command brings along."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from systems import WINDOWS, temporary_in

Load = Callable[[str], ModuleType]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_of_its_own_that_only_this_user_reads(load: Load, temporary: Path) -> None:
    made = [Path(load("temporary").main({"action": "make"})["folder"]) for _ in range(2)]
    assert len(set(made)) == 2
    for folder in made:
        assert folder.parent == temporary
        # Windows has them where only this user reads.
        assert WINDOWS or folder.stat().st_mode & 0o777 == 0o700


def test_removed_with_everything_in_it_and_again_without_complaint(
    load: Load, temporary: Path
) -> None:
    script = load("temporary")
    folder = Path(script.main({"action": "make"})["folder"])
    (folder / "pip.whl").write_bytes(b"wheel")
    (folder / ".pip.whl.part").write_bytes(b"part")
    for _ in range(2):
        script.main({"action": "remove", "folder": str(folder)})
        assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("kind", ["foreign", "link"])
def test_what_it_did_not_make_stays(load: Load, temporary: Path, kind: str) -> None:
    script = load("temporary")
    foreign = temporary / "mine"
    foreign.mkdir()
    (foreign / "file").touch()
    folder = foreign
    if kind == "link":
        folder = temporary / f"{script.TEMPORARY}link"
        folder.symlink_to(foreign)
    with pytest.raises(ValueError, match="not a folder of ours"):
        script.main({"action": "remove", "folder": str(folder)})
    assert (foreign / "file").exists()


def test_a_blender_that_ends_takes_the_folder_with_it(load: Load, temporary: Path) -> None:
    path = load("temporary").__file__
    code = f"""
import runpy, sys
sys.path[:] = {sys.path!r}
from service_modules import import_with_relatives
import_with_relatives("upload_folder")
made = runpy.run_path({path!r})["main"]({{"action": "make"}})
open(made["folder"] + "/pip.whl", "w").close()
print(made["folder"])
"""
    environment = {**os.environ, **temporary_in(temporary)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).parent == temporary
    assert list(temporary.iterdir()) == []
