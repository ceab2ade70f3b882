"""What the script does for the command line, with its arguments and answers as JSON."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_blender import FakeBlender, working

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal"
    path.touch()
    return path


@pytest.fixture
def run(journal: Path) -> Run:
    """Run one operation in a Blender, with the folders that it has."""

    def run(blender: FakeBlender, op: str, *items: dict[str, Any], **more: object) -> dict:
        import addons

        arguments = {
            "op": op,
            "all": False,
            "items": [{"index": index, **item} for index, item in enumerate(items)],
            "expected": {
                "config": str(blender.user / "config"),
                "addons": str(blender.addons),
                "repository": str(blender.repository),
                "version": ".".join(map(str, blender.version)),
            },
            "rescue": None,
            "journal": str(journal),
            **more,
        }
        return json.loads(json.dumps(addons.main(json.loads(json.dumps(arguments)))))

    return run


def named(name: str, *, force: bool = False, leave: str = "nothing") -> dict[str, Any]:
    return {"name": name, "force": force, "leave": leave}


def staged(
    blender: FakeBlender,
    name: str,
    source: str = "",
    *,
    enable: bool = False,
    leave: str = "nothing",
    check: bool = False,
    home: Path | None = None,
    manifest: str | None = None,
) -> dict[str, Any]:
    """An add-on beside its place, as `stage` of swap.ts makes it."""
    folder = blender.addons if home is None else home
    exchange = folder / f".blender-remote-cli-{name}"
    unpacked = exchange / "new" / name
    unpacked.mkdir(parents=True)
    (exchange / "old").mkdir()
    (unpacked / "__init__.py").write_text(source or working(name, "(2, 0)"))
    if manifest is not None:
        (unpacked / "blender_manifest.toml").write_text(manifest)
    kind = "legacy" if manifest is None else "extension"
    replaces = [name, f"{name}.py"] if manifest is None else [name]
    plan = {"name": name, "replaces": replaces, "identity": None}
    (exchange / "plan.json").write_text(json.dumps(plan))
    return {
        "kind": kind,
        "module": name,
        "staged": str(unpacked),
        "exchange": str(exchange),
        "destination": str(folder / name),
        "enable": enable,
        "leave": leave,
        "check": check,
    }


def failure_of(reply: dict[str, Any], index: int = 0) -> tuple[str, str]:
    told = reply["results"][index]["failure"]
    return told["code"], told["message"]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "__pycache__")


def test_the_list_is_the_users_and_what_is_gone(blender: FakeBlender, run: Run) -> None:
    blender.addon("Own")
    blender.addon("brought", folder=blender.bundled)
    blender.entry("gone")
    reply = run(blender, "list")
    assert reply["results"] == [
        [
            {
                "name": "gone",
                "enabled": True,
                "loaded": False,
                "version": None,
                "path": None,
                "source": "unknown",
                "kind": "legacy",
            },
            {
                "name": "Own",
                "enabled": False,
                "loaded": False,
                "version": "1.2",
                "path": str(blender.addons / "Own.py"),
                "source": "user",
                "kind": "legacy",
            },
        ]
    ]
    assert reply["problem"] is None
    everything = run(blender, "list", all=True)["results"][0]
    assert [one["name"] for one in everything] == ["brought", "gone", "Own"]


def test_preferences_that_cant_be_read_are_told_and_never_saved(
    blender: FakeBlender, run: Run
) -> None:
    blender.addon("own")
    blender.preferences.write_bytes(b"damaged")
    assert "not a library" in run(blender, "list")["problem"]
    refused = run(blender, "enable", named("own"))["refused"]
    assert refused["code"] == "preferences-unreadable"
    assert (blender.saved, blender.preferences.read_bytes()) == (None, b"damaged")


def test_info_says_what_there_is(blender: FakeBlender, run: Run) -> None:
    blender.addon("bare", "def register(): pass\n")
    blender.extension("ext")
    told = run(blender, "info", {"name": "ext"})["results"][0]
    assert (told["name"], told["version"]) == ("bl_ext.user_default.ext", "1.0.0")
    # What is empty is left out.
    assert "author" not in told
    assert run(blender, "info", {"name": "bare"})["results"][0]["problem"] == "it has no bl_info"
    reply = run(blender, "info", {"name": "nobody"})
    assert failure_of(reply)[0] == "addon-not-found"
    assert reply["names"] == ["bare", "bl_ext.user_default.ext", "ext"]


def test_paths(blender: FakeBlender, run: Run) -> None:
    assert run(blender, "paths")["results"][0] == {
        "user_addons": str(blender.addons),
        "addon_paths": [str(blender.bundled)],
        "script_directories": [],
        "extension_repositories": [
            {
                "name": "user_default",
                "path": str(blender.repository),
                "source": "user",
                "exists": False,
            }
        ],
        "preferences": str(blender.preferences),
    }


def test_nothing_is_changed_elsewhere(blender: FakeBlender, run: Run) -> None:
    blender.addon("own")
    expected = {"config": "/c", "addons": "/a", "repository": "/r", "version": "4.3.2"}
    reply = run(blender, "enable", named("own"), expected=expected)
    assert reply["elsewhere"]["config"] == str(blender.user / "config")
    assert (blender.entries.names, blender.saved) == ([], None)


def test_enabling_saves_once_and_again_does_nothing(blender: FakeBlender, run: Run) -> None:
    blender.addon("own")
    first = run(blender, "enable", named("own"))["results"][0]
    assert (first["enabled"], first["changed"], first["failure"]) == (True, True, None)
    assert blender.saved == ["own"]
    blender.saved = None
    again = run(blender, "enable", named("own"))["results"][0]
    assert (again["enabled"], again["changed"]) == (True, False)
    assert (blender.saved, sys.registered, blender.loads) == (None, ["own"], 1)


def test_one_that_only_this_session_has_gets_its_entry(blender: FakeBlender, run: Run) -> None:
    import addon_utils

    blender.addon("own")
    # As --addons does.
    addon_utils.enable("own", handle_error=lambda _error: None)
    assert run(blender, "enable", named("own"))["results"][0]["changed"]
    assert (blender.saved, blender.loads, sys.registered) == (["own"], 1, ["own"])


def test_each_has_its_own_result(blender: FakeBlender, run: Run) -> None:
    blender.addon("good")
    blender.addon("bad", "raise ValueError('broken')\n")
    blender.entry("gone")
    names = ("bad", "nobody", "good", "gone")
    reply = run(blender, "enable", *(named(name) for name in names))
    assert failure_of(reply) == ("enable-failed", "ValueError: broken")
    assert "bad.py" in reply["results"][0]["failure"]["traceback"]
    assert failure_of(reply, 1)[0] == "addon-not-found"
    assert reply["results"][2]["failure"] is None
    assert failure_of(reply, 3)[0] == "addon-missing"
    assert blender.saved == ["gone", "good"]


def test_what_cant_be_saved_is_undone(blender: FakeBlender, run: Run) -> None:
    blender.addon("own")
    blender.save_error = "no room"
    reply = run(blender, "enable", named("own"))
    assert failure_of(reply) == ("preferences-not-saved", "Error: no room")
    assert (blender.entries.names, sys.registered) == ([], [])


def test_the_journal_says_what_was_done_and_warned(
    blender: FakeBlender, run: Run, journal: Path
) -> None:
    blender.addon("future", working("future", blender="(9, 0, 0)"))
    run(blender, "enable", named("future"))
    begin, more, end = map(json.loads, journal.read_text().splitlines())
    assert begin == {"begin": 0}
    assert more["warnings"] == ["it needs Blender 9.0.0, and this is 4.3.2"]
    assert (end["end"], end["result"]["changed"]) == (0, True)


def test_our_time_limit_leaves_the_place_in_the_journal(
    blender: FakeBlender, run: Run, journal: Path
) -> None:
    blender.addon("slow", "def register():\n    raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        run(blender, "enable", named("slow"))
    last = json.loads(journal.read_text().splitlines()[-1])
    assert last["begin"] == 0
    assert "slow.py" in last["traceback"]
    assert blender.entries.names == []


def test_disabling(blender: FakeBlender, run: Run) -> None:
    blender.addon("own")
    blender.addon("bad", "def register(): pass\ndef unregister(): raise ValueError('no')\n")
    run(blender, "enable", named("own"), named("bad"))
    reply = run(blender, "disable", named("own"), named("bad"), named("own"))
    own, bad, again = reply["results"]
    assert (own["enabled"], own["changed"], own["warnings"]) == (False, True, [])
    assert "ValueError: no" in bad["warnings"][0]
    assert again["changed"] is False
    assert (blender.saved, sys.registered) == ([], [])


def test_the_wheels_of_a_disabled_extension_go(blender: FakeBlender, run: Run) -> None:
    blender.extension("tool")
    run(blender, "enable", named("tool"))
    run(blender, "disable", named("tool"))
    assert blender.extension_refreshes > 0
    assert blender.refreshed_with == []


def test_an_entry_without_files_can_be_disabled(blender: FakeBlender, run: Run) -> None:
    blender.entry("gone")
    blender.entry("gone")
    assert run(blender, "disable", named("gone"))["results"][0]["changed"]
    assert blender.saved == []


def test_uninstalling_disables_and_removes(blender: FakeBlender, run: Run) -> None:
    blender.addon("own")
    blender.addon("other")
    run(blender, "enable", named("own"))
    told = run(blender, "uninstall", named("own"))["results"][0]
    assert (told["changed"], told["path"]) == (True, str(blender.addons / "own.py"))
    assert (blender.saved, files(blender.addons)) == ([], ["other.py"])
    assert "own" not in sys.modules


def test_only_the_users_own_is_uninstalled(blender: FakeBlender, run: Run) -> None:
    path = blender.addon("brought", folder=blender.bundled)
    reply = run(blender, "uninstall", named("brought"))
    assert failure_of(reply)[0] == "not-the-users"
    assert path.exists()
    assert run(blender, "uninstall", named("brought", force=True))["results"][0]["changed"]
    assert not path.exists()


# By the numbers that Windows gives: access denied, a sharing violation, no room.
@pytest.mark.parametrize(
    ("winerror", "said"),
    [(None, "write-failed"), (5, "in-use"), (32, "in-use"), (112, "write-failed")],
)
def test_what_cant_be_removed_is_enabled_again(
    blender: FakeBlender,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    winerror: int | None,
    said: str,
) -> None:
    blender.addon("own")
    run(blender, "enable", named("own"))
    entry = blender.entries["own"]

    def refused(source: str, _target: str) -> None:
        if os.name == "nt":
            raise OSError(13, "Permission denied", source, winerror)
        error = PermissionError(13, "Permission denied", source)
        error.__dict__["winerror"] = winerror
        raise error

    monkeypatch.setattr(os, "rename", refused)
    reply = run(blender, "uninstall", named("own"))
    code, message = failure_of(reply)
    assert (code, message.endswith("own.py: Permission denied")) == (said, True)
    assert (blender.saved, sys.registered, files(blender.addons)) == (["own"], ["own"], ["own.py"])
    # With its settings.
    assert blender.entries["own"] is entry


def test_what_cant_be_saved_comes_back_and_nothing_more_is_saved(
    blender: FakeBlender, run: Run
) -> None:
    for name in ("one", "two"):
        blender.addon(name)
    run(blender, "enable", named("one"), named("two"))
    blender.save_error = "no space"
    reply = run(blender, "uninstall", named("one"), named("two"))
    assert [failure_of(reply, at)[0] for at in (0, 1)] == ["preferences-not-saved"] * 2
    assert (blender.saved, files(blender.addons)) == (["one", "two"], ["one.py", "two.py"])


def test_installing_puts_it_in_place_and_enables(blender: FakeBlender, run: Run) -> None:
    blender.addon("own")
    told = run(blender, "install", staged(blender, "own", enable=True))["results"][0]
    assert (told["enabled"], told["changed"], told["replaced"]) == (True, True, "1.2")
    assert told["warnings"] == []
    assert files(blender.addons) == ["own"]
    assert blender.saved == ["own"]
    assert sys.modules["own"].__file__ == str(blender.addons / "own" / "__init__.py")


def test_one_that_was_enabled_is_enabled_in_its_new_version(blender: FakeBlender, run: Run) -> None:
    blender.addon("own")
    run(blender, "enable", named("own"))
    told = run(blender, "install", staged(blender, "own"))["results"][0]
    assert told["enabled"]
    assert sys.modules["own"].bl_info["version"] == (2, 0)
    assert sys.registered == ["own"]


def test_a_new_version_that_fails_leaves_the_old_one_as_it_was(
    blender: FakeBlender, run: Run
) -> None:
    blender.addon("own")
    run(blender, "enable", named("own"))
    broken = staged(blender, "own", "def register(): raise ValueError('broken')\n")
    reply = run(blender, "install", broken)
    assert failure_of(reply) == ("enable-failed", "ValueError: broken")
    assert reply["results"][0]["enabled"] is False
    assert files(blender.addons) == ["own.py"]
    assert sys.modules["own"].bl_info["version"] == (1, 2)
    assert (sys.registered, blender.entries.names) == (["own"], ["own"])


def test_a_check_changes_nothing(blender: FakeBlender, run: Run) -> None:
    blender.addon("own")
    source = working("another", "(2, 0)") + "\nthis is no python\n"
    told = run(blender, "install", staged(blender, "own", source, check=True))["results"][0]
    assert told["changed"] is False
    assert "Python can't compile it" in told["warnings"][0]
    assert told["warnings"][-1] == "it takes the place of another add-on, 'own' 1.2"
    assert (blender.addons / "own.py").exists()
    assert blender.saved is None


def test_a_name_that_python_has_already_is_refused(blender: FakeBlender, run: Run) -> None:
    reply = run(blender, "install", staged(blender, "json"))
    assert failure_of(reply) == (
        "name-taken",
        "Python finds another module named json first: Python's standard library",
    )
    assert not (blender.addons / "json").exists()


def test_extensions_are_installed_where_they_belong(blender: FakeBlender, run: Run) -> None:
    plain = "def register(): pass\ndef unregister(): pass\n"
    good = staged(
        blender, "ext", plain, enable=True, home=blender.repository, manifest='name = "Ext"\n'
    )
    future = staged(
        blender,
        "future",
        plain,
        home=blender.repository,
        manifest='blender_version_min = "9.0.0"\n',
    )
    lost = staged(blender, "lost", plain, home=blender.user / "else", manifest="")
    reply = run(blender, "install", good, future, lost)
    assert reply["results"][0]["name"] == "bl_ext.user_default.ext"
    assert reply["results"][0]["enabled"]
    assert failure_of(reply, 1)[0] == "incompatible"
    assert failure_of(reply, 2)[0] == "no-repository"
    assert blender.saved == ["bl_ext.user_default.ext"]


def test_an_old_blender_has_no_extensions(old_blender: FakeBlender, run: Run) -> None:
    item = staged(old_blender, "ext", home=old_blender.repository, manifest="")
    assert failure_of(run(old_blender, "install", item))[0] == "no-extensions"


def test_a_trial_names_the_add_on_that_doesnt_return(
    blender: FakeBlender, run: Run, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ended(BaseException):
        pass

    def end(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(os, "_exit", end)
    for name in ("good", "leaves", "never"):
        blender.entry(name)
    blender.addon("good")
    blender.addon("never")
    path = blender.addon("leaves", "import sys\ndef register(): sys.exit(5)\n")
    rescue = {"addons": str(blender.addons), "extensions": "/e", "stand_in": "/s"}
    with pytest.raises(Ended, match="5"):
        run(blender, "trial", rescue=rescue)
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [entry.get("begin") for entry in entries] == ["good", None, "leaves"]
    assert entries[-1]["path"] == str(path)
    assert (blender.saved, sys.registered) == (None, ["good"])


def test_a_start_with_factory_settings_reads_the_users_preferences_first(
    blender: FakeBlender, run: Run
) -> None:
    import bpy

    blender.addon("own")
    bpy.app.factory_startup = True
    run(blender, "enable", named("own"))
    assert blender.preference_reads == 1


NEEDS_WINDOW = """
bl_info = {"name": "w", "author": "A", "version": (%s, 0), "blender": (3, 0, 0)}

def register():
    raise SystemError("GPU functions for drawing are not available in background mode")

def unregister():
    pass
"""


def test_one_that_needs_a_window_is_enabled_unchecked_or_refused(
    blender: FakeBlender, run: Run
) -> None:
    blender.addon("w", NEEDS_WINDOW % 1)
    refused = run(blender, "enable", named("w"))
    assert failure_of(refused)[0] == "needs-window"
    assert blender.entries.names == []
    done = run(blender, "enable", named("w", leave="all"))["results"][0]
    assert (done["enabled"], done["loaded"], done["changed"]) == (True, False, True)
    assert "available in background mode" in done["warnings"][0]
    assert blender.saved == ["w"]


def test_an_update_of_one_that_needs_a_window_keeps_its_entry(
    blender: FakeBlender, run: Run
) -> None:
    blender.addon("w", NEEDS_WINDOW % 1)
    blender.entry("w")
    entry = blender.entries["w"]
    done = run(blender, "install", staged(blender, "w", NEEDS_WINDOW % 2))["results"][0]
    assert (done["enabled"], done["loaded"], done["failure"]) == (True, False, None)
    assert "the next Blender with a window decides" in done["warnings"][0]
    assert blender.entries["w"] is entry
    assert files(blender.addons) == ["w"]
    # What can't be imported at all works in no window either.
    broken = staged(blender, "w", "import not_there_at_all\n" + NEEDS_WINDOW % 3)
    assert failure_of(run(blender, "install", broken))[0] == "missing-module"


def test_enabling_it_again_does_no_harm(blender: FakeBlender, run: Run) -> None:
    blender.addon("w", NEEDS_WINDOW % 1)
    blender.entry("w")
    done = run(blender, "enable", named("w"))["results"][0]
    assert (done["enabled"], done["loaded"], done["changed"]) == (True, False, False)


def test_an_older_version_is_told(blender: FakeBlender, run: Run) -> None:
    blender.addon("tool", working("tool", "(1, 10, 0)"))
    for version, warned in (("(1, 9)", 1), ("(1, 10)", 0), ('"1.10.0-beta"', 0)):
        item = staged(blender, "tool", working("tool", version), check=True)
        done = run(blender, "install", item)["results"][0]
        assert len(done["warnings"]) == warned
        assert (done["version"] is not None, done["replaced"]) == (True, "1.10.0")
        shutil.rmtree(item["exchange"])


def test_an_update_that_newly_needs_a_window_is_refused(blender: FakeBlender, run: Run) -> None:
    import addon_records
    import addon_state

    path = blender.addon("w")
    addon_state.enable(addon_records.Addon("w", "legacy", "user", str(path), str(path)))
    refused = run(blender, "install", staged(blender, "w", NEEDS_WINDOW % 2))
    assert failure_of(refused)[0] == "needs-window"
    unchecked = staged(blender, "w", NEEDS_WINDOW % 2, leave="all")
    done = run(blender, "install", unchecked)["results"][0]
    assert (done["enabled"], done["loaded"]) == (True, False)


def test_uninstalling_leaves_nothing_of_an_extension(blender: FakeBlender, run: Run) -> None:
    blender.extension("tool")
    own = blender.user / "extensions" / ".user" / "user_default" / "tool"
    own.mkdir(parents=True)
    (own / "kept.json").write_text("{}")
    run(blender, "uninstall", named("tool"))
    assert not own.exists()
    assert not own.parents[1].exists()


def test_uninstalling_keeps_what_other_extensions_have(blender: FakeBlender, run: Run) -> None:
    blender.extension("tool")
    other = blender.user / "extensions" / ".user" / "user_default" / "other"
    other.mkdir(parents=True)
    run(blender, "uninstall", named("tool"))
    assert other.is_dir()


def test_uninstalling_takes_python_s_cache_of_a_single_file(blender: FakeBlender, run: Run) -> None:
    path = blender.addon("lone")
    caches = path.parent / "__pycache__"
    caches.mkdir()
    for name in ("lone.cpython-311.pyc", "lone_more.cpython-311.pyc"):
        (caches / name).touch()
    run(blender, "uninstall", named("lone"))
    assert [one.name for one in caches.iterdir()] == ["lone_more.cpython-311.pyc"]


def test_half_an_add_on_is_uninstalled(blender: FakeBlender, run: Run) -> None:
    half = blender.extension("half")
    (half / "__init__.py").unlink()
    blender.entry("bl_ext.user_default.half")
    legacy = blender.addons / "rest"
    (legacy / "data").mkdir(parents=True)
    blender.entry("rest")
    theme = blender.extension("dark", manifest='type = "theme"\n')
    (theme / "__init__.py").unlink()
    reply = run(blender, "uninstall", named("half"), named("rest"), named("dark"))
    results = reply["results"]
    assert [one["path"] for one in results] == [str(half), str(legacy), None]
    assert [one["changed"] for one in results] == [True, True, False]
    assert results[2]["failure"]["code"] == "addon-not-found"
    assert (half.exists(), legacy.exists(), theme.exists()) == (False, False, True)
    assert blender.saved == []


def test_nothing_but_a_rest_of_an_add_on_is_removed(
    blender: FakeBlender, run: Run, tmp_path: Path
) -> None:
    """Paths, links, folders that nobody called an add-on: neither by name nor by an entry."""
    victim = tmp_path / "victim"
    (victim / "data").mkdir(parents=True)
    blender.addons.mkdir(parents=True)
    blender.extension("there")
    (blender.addons / "project").mkdir()
    (blender.repository / "clone").mkdir()
    (blender.addons / "linked").symlink_to(victim)
    (blender.repository / "linked").symlink_to(victim)
    relative = os.path.relpath(victim, blender.addons)
    names = [
        str(victim),
        relative,
        f"bl_ext.user_default.{victim}",
        f"bl_ext.user_default.{relative}",
        "victim/../victim",
        "project",
        "clone",
        "linked",
        "bl_ext.user_default.linked",
        "..",
        ".",
        "",
        "modules",
        "__pycache__",
    ]
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    for name in names[:5] + names[7:9]:
        blender.entry(name)
    reply = run(blender, "uninstall", *(named(name, force=True) for name in names))
    assert [one["path"] for one in reply["results"]] == [None] * len(names)
    after = sorted(str(path) for path in tmp_path.rglob("*") if path != blender.preferences)
    assert after == before


def test_a_link_as_an_extension_s_own_folder_is_removed_and_not_what_it_leads_to(
    blender: FakeBlender, run: Run, tmp_path: Path
) -> None:
    blender.extension("tool")
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "kept").touch()
    victim.chmod(0o755)
    own = blender.user / "extensions" / ".user" / "user_default"
    own.mkdir(parents=True)
    (own / "tool").symlink_to(victim)
    run(blender, "uninstall", named("tool"))
    assert not os.path.lexists(own / "tool")
    assert (victim / "kept").exists()


def test_one_that_ends_blender_at_each_start_is_refused(blender: FakeBlender, run: Run) -> None:
    source = working("ends").replace(
        "def register():",
        "def on_load(path):\n    sys.exit(3)\n\ndef register():\n"
        "    import bpy\n    bpy.app.handlers.load_post.append(on_load)",
    )
    blender.addon("ends", source)
    refused = run(blender, "enable", named("ends"))
    assert failure_of(refused) == (
        "addon-ends-blender",
        "it ends Blender at each start: SystemExit: 3",
    )
    assert blender.entries.names == []
    # It would end the Blender with a window, too.
    assert failure_of(run(blender, "enable", named("ends", leave="all")))[0]


def test_a_wheel_for_another_python_is_told(blender: FakeBlender, run: Run) -> None:
    manifest = """id = "old"
name = "old"
version = "1.0.0"
wheels = ["./wheels/numpy-1.26.4-cp27-cp27m-win_amd64.whl", "./wheels/six-1.17.0-py3-none-any.whl"]
"""
    item = staged(blender, "old", home=blender.repository, manifest=manifest, check=True)
    warnings = run(blender, "install", item)["results"][0]["warnings"]
    assert len(warnings) == 1
    assert "none of its wheels of numpy" in warnings[0]
