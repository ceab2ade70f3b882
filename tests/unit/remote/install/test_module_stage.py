"""The folders beside the user modules that pip fills."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pip_registry
import pytest
from laid_out import done, put
from module_stage import IDLE_SECONDS


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    return tmp_path / "scripts" / "addons" / "modules"


def staged(script: ModuleType, modules: Path) -> Path:
    return Path(script.main({"action": "stage", "folder": str(modules)})["stage"])


def make_old(stage: Path) -> None:
    """Let a staging folder look as if nothing had happened in it for long."""
    then = time.time() - 10 * IDLE_SECONDS
    os.utime(stage, (then, then))


def places(modules: Path) -> list[Path]:
    return sorted(modules.glob(".blender-remote-*"))


def test_a_staging_folder_that_nobody_goes_on_with_goes(script: ModuleType, modules: Path) -> None:
    first = staged(script, modules)
    put(first, "half", "1.0", {"half.py": "x"})
    make_old(first)
    done(script, "recover", folder=str(modules))
    second = staged(script, modules)
    assert places(modules) == [second.parent]
    make_old(second)
    done(script, "recover", folder=str(modules))
    assert places(modules) == []


def test_one_of_a_clock_that_was_put_back_goes(script: ModuleType, modules: Path) -> None:
    stage = staged(script, modules)
    ahead = time.time() + 10 * IDLE_SECONDS
    os.utime(stage, (ahead, ahead))
    done(script, "recover", folder=str(modules))
    assert places(modules) == []


def test_one_that_a_pip_run_fills_stays(
    script: ModuleType, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = staged(script, modules)
    make_old(stage)
    runs = ModuleType(pip_registry.REGISTRY)
    monkeypatch.setitem(sys.modules, pip_registry.REGISTRY, runs)
    runs.run = {"purpose": {"stage": str(stage)}}
    done(script, "recover", folder=str(modules))
    assert places(modules) == [stage.parent]
    runs.run = {"purpose": None}
    done(script, "recover", folder=str(modules))
    assert places(modules) == []


def test_one_of_another_blender_stays_until_that_one_is_gone(
    script: ModuleType, modules: Path
) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import user_modules\n"
        "stage = {'action': 'stage', 'folder': sys.argv[2]}\n"
        "print(user_modules.main(stage)['stage'], flush=True)\n"
        "sys.stdin.read()"
    )
    folder = str(Path(script.__file__).parent)
    with subprocess.Popen(
        [sys.executable, "-B", "-c", code, folder, str(modules)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        stage = Path(other.stdout.readline().strip())
        make_old(stage)
        done(script, "recover", folder=str(modules))
        assert places(modules) == [stage.parent]
        other.kill()
        other.wait()
    done(script, "recover", folder=str(modules))
    assert places(modules) == []
