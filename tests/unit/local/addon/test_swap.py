"""The exchange of one add-on for another, in plain CPython. Kills are in swap.test.ts."""

import json
import os
import shutil
from pathlib import Path

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
