"""The exchange of one add-on for another, in plain CPython. Kills are in swap.test.ts."""

import json
import os
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import swap


def staged(addons: Path, name: str = "it") -> str:
    exchange = addons / ".blender-remote-cli-0123"
    (exchange / "new" / name).mkdir(parents=True)
    (exchange / "new" / name / "__init__.py").write_text("new")
    (exchange / "old").mkdir()
    plan = {"name": name, "replaces": [name, f"{name}.py"], "identity": None}
    (exchange / "plan.json").write_text(json.dumps(plan))
    return str(exchange)


def test_the_destination_is_beside_the_exchange(tmp_path: Path) -> None:
    assert swap.Exchange(staged(tmp_path)).destination == str(tmp_path / "it")


def test_a_failed_swap_can_be_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "it.py").write_text("old")
    exchange = swap.Exchange(staged(tmp_path))
    rename = os.rename

    def refused(source: str, target: str) -> None:
        if target == exchange.destination:
            raise PermissionError(13, "in use", target)
        rename(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", refused)
        with pytest.raises(PermissionError):
            exchange.swap_in()
    assert (tmp_path / "it.py").read_text() == "old"
    assert not (tmp_path / "it").exists()
    exchange.swap_in()
    exchange.commit()
    assert os.listdir(tmp_path) == ["it"]


def test_rolling_back_one_that_was_never_swapped_in(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("old")
    swap.Exchange(staged(tmp_path)).roll_back()
    assert os.listdir(tmp_path) == ["it.py"]


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_a_removal_takes_away_that_one_thing_and_brings_it_back(tmp_path: Path, kind: str) -> None:
    addons, outside = tmp_path / "addons", tmp_path / "outside"
    addons.mkdir()
    outside.mkdir()
    (outside / "mine.py").write_text("mine")
    (addons / "other.py").write_text("other")
    path = addons / "it"
    if kind == "folder":
        (path / "sub").mkdir(parents=True)
        (path / "link").symlink_to(outside)
    elif kind == "file":
        path.write_text("x")
    else:
        path.symlink_to(outside)
    for end in ("bring_back", "commit"):
        removal = swap.Removal(str(path))
        assert not os.path.lexists(path)
        getattr(removal, end)()
        left = ["other.py"] if end == "commit" else ["it", "other.py"]
        assert sorted(os.listdir(addons)) == left
    assert (outside / "mine.py").read_text() == "mine"


def test_a_removal_of_what_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        swap.Removal(str(tmp_path / "it"))
    assert os.listdir(tmp_path) == []


def test_a_staged_one_that_is_lost_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "__init__.py").write_text("old")
    (tmp_path / "it.py").write_text("old too")
    exchange = swap.Exchange(staged(tmp_path))
    shutil.rmtree(tmp_path / ".blender-remote-cli-0123" / "new" / "it")
    with pytest.raises(FileNotFoundError):
        exchange.swap_in()
    exchange.roll_back()
    assert sorted(os.listdir(tmp_path)) == ["it", "it.py"]
    assert (tmp_path / "it" / "__init__.py").read_text() == "old"


def test_an_old_one_that_cannot_be_moved_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows moves no folder with an open file in it."""
    (tmp_path / "it").mkdir()
    exchange = swap.Exchange(staged(tmp_path))
    shutil.rmtree(tmp_path / ".blender-remote-cli-0123" / "new" / "it")
    rename = os.rename

    def refused(source: str, target: str) -> None:
        if source == exchange.destination:
            raise PermissionError(13, "in use", source)
        rename(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", refused)
        with pytest.raises(PermissionError):
            exchange.swap_in()
    exchange.roll_back()
    assert os.listdir(tmp_path) == ["it"]


def test_a_junction_is_a_link_and_nothing_behind_it_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One can only be made on a real Windows; what `lstat` says of it there is known."""
    real = os.lstat

    def lstat(path: str | Path) -> object:
        entry = real(path)
        if Path(path).name != "junction":
            return entry
        return SimpleNamespace(st_mode=entry.st_mode, st_reparse_tag=swap.JUNCTION)

    mine = tmp_path / "it" / "junction" / "mine"
    mine.mkdir(parents=True)
    mine.chmod(stat.S_IRUSR | stat.S_IXUSR)
    before = mine.stat().st_mode
    with monkeypatch.context() as patched:
        patched.setattr(os, "lstat", lstat)
        # Python's own rmtree knows them.
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)  # pyright: ignore
        assert swap.is_link(str(mine.parent))
        assert not swap.is_link(str(mine))
        swap.clear_away(str(tmp_path / "it"))
        swap.clear_away(str(mine.parent))
    assert mine.stat().st_mode == before


def test_what_is_read_only_is_cleared_away(tmp_path: Path) -> None:
    """As the objects of a clone of git."""
    folder = tmp_path / "it" / "objects"
    folder.mkdir(parents=True)
    (folder / "pack").write_text("x")
    (folder / "pack").chmod(stat.S_IREAD)
    folder.chmod(stat.S_IREAD | stat.S_IEXEC)
    swap.clear_away(str(tmp_path / "it"))
    assert os.listdir(tmp_path) == []


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Has Windows refuse each rename for so many seconds."""

    def refuse(seconds: float) -> None:
        until = time.monotonic() + seconds
        rename = os.rename

        def refused(source: str, target: str) -> None:
            if time.monotonic() < until:
                raise PermissionError(13, "in use", source)
            rename(source, target)

        monkeypatch.setattr(os, "rename", refused)
        monkeypatch.setattr(swap, "ON_WINDOWS", True)

    return refuse


def test_a_file_that_is_looked_at_for_a_moment(
    tmp_path: Path, refusing: Callable[[float], None]
) -> None:
    (tmp_path / "it.py").write_text("x")
    refusing(0.2)
    swap.move(str(tmp_path / "it.py"), str(tmp_path / "other.py"))
    assert os.listdir(tmp_path) == ["other.py"]


def test_a_file_that_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusing: Callable[[float], None]
) -> None:
    refusing(60)
    monkeypatch.setattr(swap, "PATIENCE_SECONDS", 0.2)
    with pytest.raises(PermissionError):
        swap.move(str(tmp_path / "it.py"), str(tmp_path / "other.py"))
