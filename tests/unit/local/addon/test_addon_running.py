"""What a Blender that runs has loaded, and how it is brought in line with the disk."""

import importlib.util
import os
import sys
from types import ModuleType, SimpleNamespace

import pytest
from fake_blender import FakeBlender, working


def reloaded(name: str, enabled: bool | None) -> dict[str, object]:
    import addon_running

    return addon_running.main({"op": "reload", "name": name, "enabled": enabled})


def loaded(blender: FakeBlender, name: str, source: str = "") -> None:
    """Have the Blender that runs load an add-on, with an entry in its preferences."""
    blender.addon(name, source)
    assert reloaded(name, enabled=True)["failure"] is None


def test_what_is_loaded_is_told_with_its_version(blender: FakeBlender) -> None:
    import addon_running

    loaded(blender, "good")
    blender.addon("good", working("good", "(9, 9)"))
    sys.modules["odd"] = SimpleNamespace(__addon_enabled__=True)
    told = addon_running.main({"op": "look"})
    assert told == {
        "pid": os.getpid(),
        "window": False,
        "started": False,
        "config": os.path.realpath(blender.user / "config"),
        "addons": os.path.realpath(blender.addons),
        "loaded": {"good": "1.2"},
    }


def test_a_lazy_module_is_not_loaded_by_the_look(blender: FakeBlender) -> None:
    import addon_running

    path = blender.addon("lazy", "raise ValueError('loaded')\n")
    spec = importlib.util.spec_from_file_location("lazy", path)
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules["lazy"] = module
    spec.loader.exec_module(module)
    assert addon_running.main({"op": "look"})["loaded"] == {}


def test_what_was_enabled_on_the_disk_gets_its_entry(blender: FakeBlender) -> None:
    blender.addon("good")
    assert reloaded("good", enabled=True) == {"loaded": True, "warnings": [], "failure": None}
    assert blender.entries.names == ["good"]
    assert sys.registered == ["good"]
    # Nothing is saved here, nor a reason given to save it.
    assert blender.saved is None
    assert not sys.modules["bpy"].context.preferences.is_dirty


def test_a_reload_keeps_the_entry_and_forgets_submodules(blender: FakeBlender) -> None:
    loaded(blender, "good")
    entry = blender.entries["good"]
    sys.modules["good.part"] = ModuleType("good.part")
    blender.addon("good", working("good", "(2, 0)"))
    assert reloaded("good", enabled=None)["loaded"]
    assert blender.entries["good"] is entry
    assert sys.modules["good"].bl_info["version"] == (2, 0)
    assert "good.part" not in sys.modules
    assert sys.registered == ["good"]


def test_one_that_is_not_enabled_is_loaded_anew_only_where_it_is_loaded(
    blender: FakeBlender,
) -> None:
    blender.addon("good")
    assert not reloaded("good", enabled=None)["loaded"]
    loaded(blender, "good")
    # As --addons does it: without an entry.
    blender.entries.remove(blender.entries["good"])
    assert reloaded("good", enabled=None)["loaded"]
    assert blender.entries.names == []


def test_what_was_disabled_or_removed_goes(blender: FakeBlender) -> None:
    loaded(blender, "good")
    (blender.addons / "good.py").unlink()
    assert reloaded("good", enabled=False) == {"loaded": False, "warnings": [], "failure": None}
    assert blender.entries.names == []
    assert sys.registered == []
    assert "good" not in sys.modules


@pytest.mark.parametrize("had_entry", [True, False])
def test_one_that_does_not_register_keeps_the_entry_that_is_on_the_disk(
    blender: FakeBlender, had_entry: bool
) -> None:
    if had_entry:
        loaded(blender, "bad", working("bad"))
    blender.addon("bad", "def register():\n    raise ValueError('broken')\n")
    outcome = reloaded("bad", enabled=True)
    assert not outcome["loaded"]
    assert outcome["failure"]["message"] == "ValueError: broken"
    assert "bad.py" in outcome["failure"]["traceback"]
    assert blender.entries.names == ["bad"]


def test_an_old_one_that_does_not_unregister_is_told(blender: FakeBlender) -> None:
    source = "def register(): pass\ndef unregister():\n    raise ValueError('stays')\n"
    loaded(blender, "old", source)
    blender.addon("old", working("old"))
    outcome = reloaded("old", enabled=True)
    assert outcome["loaded"]
    assert "stays" in outcome["warnings"][0]


def test_the_service_is_not_loaded_anew_by_itself(blender: FakeBlender) -> None:
    assert reloaded("bld_remote_mcp", enabled=True)["failure"]["code"] == "reload-failed"
