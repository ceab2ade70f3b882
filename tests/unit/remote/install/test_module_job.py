"""Jobs on the user modules: how far they are, told to stop, and one at a time."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import module_change
import module_job
import pytest
import site_lock
from laid_out import done, hidden, put, swap, tree
from module_job import StoppedError
from systems import native
from unfinished_changes import unfinished


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    folder = tmp_path / "modules"
    put(folder, "one", "1.0", {"one/__init__.py": "x", "one/a.py": "x", "one/b.py": "x"})
    put(folder, "two", "1.0", {"two.py": "x"})
    return folder


class Held:
    """Lets a move wait at a file of this name until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
        self.reached = threading.Event()
        self.let_go = threading.Event()
        real = os.replace

        def replace(source: str, target: str) -> None:
            if str(target).endswith(native(ending)) and not self.reached.is_set():
                self.reached.set()
                assert self.let_go.wait(10)
            real(source, target)

        monkeypatch.setattr(os, "replace", replace)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Held]]:
    made: list[Held] = []

    def hold(ending: str) -> Held:
        made.append(Held(monkeypatch, ending))
        return made[-1]

    yield hold
    for one in made:
        one.let_go.set()


def ask(script: ModuleType, action: str, job: str, wait: float = 0) -> Any:
    return script.main({"action": action, "job": job, "wait": wait})


def begin(script: ModuleType, modules: Path, job: str, *names: str) -> Any:
    arguments = {"folder": str(modules), "names": list(names)}
    order = {"action": "begin", "job": job, "wait": 0, "work": "uninstall"}
    return script.main({**order, "arguments": arguments})


def test_told_while_it_goes_on(
    script: ModuleType, modules: Path, held: Callable[[str], Held]
) -> None:
    hold = held("one/a.py")
    begin(script, modules, "told", "one")
    assert hold.reached.wait(10)
    state = ask(script, "look", "told")
    assert (state["over"], state["done"], state["total"]) == (False, False, 5)
    assert 0 < state["moved"] < 5
    # Nobody takes it for one that was cut off, nor its folder for one to clear away.
    assert unfinished(str(modules), os.listdir(modules)) == []
    assert site_lock.is_taken(str(modules))
    (place,) = hidden(modules)
    script.main({"action": "discard", "stage": str(modules / place / "new")})
    hold.let_go.set()
    assert ask(script, "look", "told", 10)["value"] == {"unrecorded": [], "damaged": []}
    # Also a second time: an answer may be lost.
    assert ask(script, "look", "told")["over"]
    assert not (modules / "one").exists()


def test_stopped_in_the_middle_all_is_as_it_was(
    script: ModuleType, modules: Path, held: Callable[[str], Held]
) -> None:
    before = tree(modules)
    hold = held("one/a.py")
    begin(script, modules, "stopped", "one")
    assert hold.reached.wait(10)
    assert not ask(script, "stop", "stopped")["over"]
    hold.let_go.set()
    with pytest.raises(StoppedError):
        ask(script, "look", "stopped", 10)
    assert tree(modules) == before


def test_stopped_too_late_it_is_done(
    script: ModuleType, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, let_go = threading.Event(), threading.Event()
    monkeypatch.setattr("module_change.finish", lambda *_: reached.set() or let_go.wait(10))
    begin(script, modules, "late", "one")
    assert reached.wait(10)
    state = ask(script, "stop", "late")
    assert (state["over"], state["done"]) == (False, True)
    let_go.set()
    assert ask(script, "look", "late", 10)["over"]


def test_stopped_before_it_began_it_never_does(script: ModuleType, modules: Path) -> None:
    before = tree(modules)
    with pytest.raises(StoppedError):
        ask(script, "stop", "early")
    with pytest.raises(StoppedError):
        begin(script, modules, "early", "one")
        ask(script, "look", "early", 10)
    assert tree(modules) == before


def test_one_waits_for_another_and_can_be_stopped_meanwhile(
    script: ModuleType, modules: Path, held: Callable[[str], Held]
) -> None:
    hold = held("one/a.py")
    begin(script, modules, "first", "one")
    assert hold.reached.wait(10)
    begin(script, modules, "second", "two")
    begin(script, modules, "third", "two")
    ask(script, "stop", "second")
    with pytest.raises(StoppedError):
        ask(script, "look", "second", 10)
    assert not ask(script, "look", "third")["over"]
    assert (modules / "two.py").exists()
    hold.let_go.set()
    assert ask(script, "look", "third", 10)["over"]
    assert os.listdir(modules) == []


def test_what_nobody_asks_for_is_forgotten(
    script: ModuleType, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(script, modules, "kept", "one")
    assert ask(script, "look", "kept", 10)["over"]
    monkeypatch.setattr("module_job.FORGOTTEN", -1)
    done(script, "recover", folder=str(modules))
    assert "kept" not in module_job.registry()


def test_it_waits_for_another_blender_and_goes_by_what_that_has_left(
    script: ModuleType, modules: Path
) -> None:
    stage = Path(script.main({"action": "stage", "folder": str(modules)})["stage"])
    put(stage, "one", "2.0", {"one/__init__.py": "new"})
    release = site_lock.take(str(modules))
    assert release is not None
    swapping = {"folder": str(modules), "stage": str(stage), "accepted": False}
    order = {"action": "begin", "job": "swap", "wait": 0.2, "work": "swap"}
    assert not script.main({**order, "arguments": swapping})["over"]
    shutil.rmtree(modules / "one-1.0.dist-info")
    put(modules, "one", "1.5", {"one/__init__.py": "1.5", "one/c.py": "1.5"})
    for name in "ab":
        (modules / "one" / f"{name}.py").unlink()
    release()
    value = ask(script, "look", "swap", 10)["value"]
    # Neither the other's metadata nor its files stay, nor is the lock taken for anybody's file.
    assert (value["moved"], value["strangers"]) == (True, [])
    (info,) = modules.glob("one-*.dist-info")
    assert info.name == "one-2.0.dist-info"
    assert os.listdir(modules / "one") == ["__init__.py"]
    assert not list(modules.glob(".*"))


@pytest.mark.parametrize("work", ["swap", "uninstall", "recover"])
def test_what_waits_for_another_blender_can_be_stopped(
    script: ModuleType, modules: Path, work: str
) -> None:
    stage = script.main({"action": "stage", "folder": str(modules)})["stage"]
    release = site_lock.take(str(modules))
    assert release is not None
    before = tree(modules)
    arguments = {"folder": str(modules), "stage": stage, "accepted": False, "names": ["one"]}
    order = {"action": "begin", "job": f"stop {work}", "wait": 0, "work": work}
    script.main({**order, "arguments": arguments})
    with pytest.raises(StoppedError):
        ask(script, "stop", f"stop {work}", 10)
    assert tree(modules) == before
    release()


def test_another_blender_that_keeps_the_folder(
    script: ModuleType, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "TAKEN_SECONDS", 0)
    release = site_lock.take(str(modules))
    assert release is not None
    before = tree(modules)
    with pytest.raises(script.TakenError, match="modules"):
        done(script, "uninstall", folder=str(modules), names=["one"])
    assert tree(modules) == before
    release()
    done(script, "uninstall", folder=str(modules), names=["one", "two"])
    assert os.listdir(modules) == []


def test_what_is_half_done_goes_back_only_when_no_other_blender_changes_the_folder(
    script: ModuleType, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(modules)
    stage = Path(script.main({"action": "stage", "folder": str(modules)})["stage"])
    put(stage, "one", "2.0", {"one/__init__.py": "new"})
    real, moved = os.replace, list[str]()

    def stuck(source: str, target: str) -> None:
        if len(moved) > 2:
            raise PermissionError(13, "Permission denied")
        moved.append(str(target))
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", stuck)
        with pytest.raises(module_change.HalfDoneError):
            swap(script, modules, stage)
    release = site_lock.take(str(modules))
    assert release is not None
    half = tree(modules)
    script.main({"action": "discard", "stage": str(stage)})
    assert tree(modules) == half
    release()
    script.main({"action": "discard", "stage": str(stage)})
    assert tree(modules) == before
