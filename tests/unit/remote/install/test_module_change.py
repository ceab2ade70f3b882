"""Changes to the user modules that a killed Blender leaves: each step is undone or finished."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import module_change
import pytest
from laid_out import done, hidden, put, swap, tree
from systems import native, needs_fork

KILLED = 77

# What changes something on the disk; told before it is done.
STEPS = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "open"}


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    folder = tmp_path / "modules"
    put(folder, "one", "1.0", {"one/__init__.py": "old", "one/gone/x.py": "old", "single.py": "o"})
    put(folder, "kept", "1.0", {"kept/__init__.py": "k", "shared/kept.py": "k"})
    (folder / "mine.py").write_text("mine")
    return folder


class Killer:
    """Ends the process, as if killed, at the n-th step that changes something."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.counts = False
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.counts or event not in STEPS:
            return
        if event == "open" and "w" not in str(arguments[1]) and "a" not in str(arguments[1]):
            return
        self.left -= 1
        if self.left == 0:
            os._exit(KILLED)


def is_killed(work: Callable[[Killer], object], at: int) -> bool:
    """Do something in a process that is killed at a step; tell whether it came so far."""
    needs_fork()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            killer = Killer(at)
            work(killer)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, KILLED)
    return code == KILLED


def upgrade(script: ModuleType, modules: Path, killer: Killer | None = None) -> None:
    if killer is not None:
        killer.counts = True
    stage = Path(script.main({"action": "stage", "folder": str(modules)})["stage"])
    if killer is not None:
        killer.counts = False
    put(stage, "one", "2.0", {"one/__init__.py": "new", "one/more/y.py": "new", "shared/n.py": "n"})
    put(stage, "two", "1.0", {"two/deep/__init__.py": "new", "two/__init__.py": "new"})
    if killer is not None:
        killer.counts = True
    swap(script, modules, stage)


def remove(script: ModuleType, modules: Path, killer: Killer | None = None) -> None:
    if killer is not None:
        killer.counts = True
    done(script, "uninstall", folder=str(modules), names=["one"])


def recover(script: ModuleType, modules: Path) -> list[dict[str, Any]]:
    return done(script, "recover", folder=str(modules))["recovered"]


def copy_of(modules: Path) -> Path:
    """Give another folder with the same in it."""
    copy = modules.with_name("copy")
    for path, text in tree(modules).items():
        place = copy / path
        if text is None:
            place.mkdir(parents=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
    return copy


Change = Callable[[ModuleType, Path, Killer | None], None]


@pytest.mark.parametrize("change", [upgrade, remove])
def test_killed_between_any_two_steps(script: ModuleType, modules: Path, change: Change) -> None:
    before = tree(modules)
    done = copy_of(modules)
    change(script, done, None)
    after = tree(done)
    assert before != after
    kinds: list[str] = []
    at = 1
    while is_killed(lambda killer: change(script, modules, killer), at):
        recovered = recover(script, modules)
        assert hidden(modules) == []
        if recovered:
            (one,) = recovered
            assert one["undone"] == (tree(modules) == before)
            assert one["packages"] == (["one 2.0", "two 1.0"] if change is upgrade else ["one 1.0"])
            assert one["installs"] == (change is upgrade)
            kinds.append("undone" if one["undone"] else "done")
        if tree(modules) != before:
            assert tree(modules) == after
            # From the start again.
            change_back(modules, before)
        at += 1
    assert tree(modules) == after
    assert kinds == sorted(kinds, reverse=True)
    assert set(kinds) == {"undone", "done"}
    # The next install works.
    upgrade(script, modules)
    assert (modules / "one/__init__.py").read_text() == "new"


def change_back(modules: Path, state: dict[str, str | None]) -> None:
    for path in sorted(modules.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
    for path, text in state.items():
        if text is None:
            (modules / path).mkdir()
    for path, text in state.items():
        if text is not None:
            (modules / path).write_text(text)


@pytest.mark.parametrize("change", [upgrade, remove])
@pytest.mark.parametrize("moves", [1, 4, 1000])
def test_killed_again_while_it_is_put_back(
    script: ModuleType, modules: Path, change: Change, moves: int
) -> None:
    before = tree(modules)
    at = 1
    again = True
    while again:

        def half(_: Killer) -> None:
            moved: list[str] = []
            real = os.replace

            def replace(source: str, target: str) -> None:
                if len(moved) > moves or str(target).endswith("done.json"):
                    os._exit(KILLED)
                if "plan.json" not in str(target):
                    moved.append(str(target))
                real(source, target)

            os.replace = replace
            change(script, modules, None)

        assert is_killed(half, 10**6)
        assert tree(modules) != before

        def recovery(killer: Killer) -> None:
            killer.counts = True
            recover(script, modules)

        again = is_killed(recovery, at)
        recover(script, modules)
        assert tree(modules) == before
        at += 1
    assert at > 5


def half_done(script: ModuleType, modules: Path) -> Path:
    """Leave an upgrade that was killed just before its end; gives its folder."""

    def half(_: Killer) -> None:
        real = os.replace

        def replace(source: str, target: str) -> None:
            if str(target).endswith("done.json"):
                os._exit(KILLED)
            real(source, target)

        os.replace = replace
        upgrade(script, modules)

    assert is_killed(half, 10**6)
    (name,) = hidden(modules)
    return modules / name


def test_what_somebody_put_there_meanwhile_stays(script: ModuleType, modules: Path) -> None:
    half_done(script, modules)
    (modules / "two/__init__.py").write_text("somebody's own, and longer")
    (modules / "two/theirs.py").write_text("theirs")
    recover(script, modules)
    assert hidden(modules) == []
    assert (modules / "one/__init__.py").read_text() == "old"
    assert (modules / "two/__init__.py").read_text() == "somebody's own, and longer"
    assert (modules / "two/theirs.py").read_text() == "theirs"


def test_what_cannot_be_put_back_now_is_tried_again(
    script: ModuleType, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(modules)
    stage = Path(script.main({"action": "stage", "folder": str(modules)})["stage"])
    put(stage, "one", "2.0", {"one/__init__.py": "new"})
    real = os.replace
    moved: list[str] = []

    def stuck(source: str, target: str) -> None:
        if len(moved) > 2:
            raise PermissionError(13, "Permission denied")
        moved.append(str(target))
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", stuck)
        with pytest.raises(module_change.HalfDoneError, match="Permission denied"):
            swap(script, modules, stage)
        # Not even a command that gives the stage up loses what is in there.
        with pytest.raises(PermissionError):
            script.main({"action": "discard", "stage": str(stage)})
        with pytest.raises(PermissionError):
            recover(script, modules)
    (one,) = recover(script, modules)
    assert one["undone"]
    assert tree(modules) == before


def test_an_interrupt_in_the_middle_leaves_all_as_it_was(
    script: ModuleType, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(modules)
    real = os.replace

    def interrupted(source: str, target: str) -> None:
        real(source, target)
        if str(target).endswith(native("two/__init__.py")) and ".blender-remote" not in str(target):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            upgrade(script, modules)
    (name,) = hidden(modules)
    script.main({"action": "discard", "stage": str(modules / name / "new")})
    assert tree(modules) == before


def test_a_plan_that_is_none_is_left_alone(script: ModuleType, modules: Path) -> None:
    place = half_done(script, modules)
    (place / "plan.json").write_text("{")
    assert recover(script, modules) == []
    assert (place / "old/one/__init__.py").read_text() == "old"


def test_the_plan_names_paths_as_they_are(script: ModuleType, modules: Path) -> None:
    place = half_done(script, modules)
    plan = json.loads((place / "plan.json").read_text())
    assert "one/gone/x.py" in plan["goes"]
    assert "two/deep/__init__.py" in plan["comes"]
    assert plan["made"][:2] == ["one/more", "two/deep"]
