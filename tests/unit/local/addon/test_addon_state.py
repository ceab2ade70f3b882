"""Enabling and disabling, and whether it really happened."""

import sys

import pytest
from fake_blender import FakeBlender, working


def addon(blender: FakeBlender, name: str) -> object:
    import addon_places
    import addon_records

    return addon_records.find(name, addon_records.known(addon_places.own_folders()))


def test_enabling_adds_an_entry_and_registers_once(blender: FakeBlender) -> None:
    import addon_state

    blender.addon("good")
    addon_state.enable(addon(blender, "good"))
    assert blender.entries.names == ["good"]
    assert sys.registered == ["good"]
    assert addon_state.is_enabled_module("good")


def test_an_error_while_registering_leaves_no_trace_of_it(blender: FakeBlender) -> None:
    import addon_state
    from preferences import RefusedError

    blender.addon("bad", "def register():\n    raise ValueError('broken')\n")
    with pytest.raises(RefusedError) as caught:
        addon_state.enable(addon(blender, "bad"))
    assert (caught.value.reason, caught.value.detail) == ("enable-failed", "ValueError: broken")
    assert "bad.py" in caught.value.trace
    assert blender.entries.names == []
    assert "bad" not in sys.modules


def test_an_entry_that_was_there_before_stays_when_it_fails(blender: FakeBlender) -> None:
    import addon_state
    from preferences import RefusedError

    blender.addon("bad", "import nothing_of_this_name\n")
    blender.entry("bad")
    with pytest.raises(RefusedError, match="nothing_of_this_name"):
        addon_state.enable(addon(blender, "bad"))
    assert blender.entries.names == ["bad"]


def test_an_add_on_that_exits_is_refused(blender: FakeBlender) -> None:
    import addon_state
    from preferences import RefusedError

    blender.addon("leaves", "import sys\ndef register(): sys.exit(5)\n")
    with pytest.raises(RefusedError, match="SystemExit: 5") as caught:
        addon_state.enable(addon(blender, "leaves"))
    assert "leaves.py" in caught.value.trace
    # The frames of our own scripts say nothing about the add-on.
    assert "<addon_state.py>" not in caught.value.trace
    assert blender.entries.names == []


def test_our_own_time_limit_goes_through_and_undoes(blender: FakeBlender) -> None:
    import addon_state

    blender.addon("slow", "def register(): raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        addon_state.enable(addon(blender, "slow"))
    assert blender.entries.names == []


def test_one_without_bl_info_is_refused_by_old_blenders_only(old_blender: FakeBlender) -> None:
    import addon_state
    from preferences import RefusedError

    old_blender.addon("bare", "def register(): pass\n")
    with pytest.raises(RefusedError, match="bl_info"):
        addon_state.enable(addon(old_blender, "bare"))
    # Blender 3.4 itself leaves the entry.
    assert old_blender.entries.names == []


def test_one_that_is_too_old_is_told_although_blender_says_nothing(
    old_blender: FakeBlender,
) -> None:
    import addon_state
    from preferences import RefusedError

    old_blender.addon("ancient", working("ancient", blender="(2, 79, 0)"))
    with pytest.raises(RefusedError, match=r"made for Blender 2\.79\.0, which is too old"):
        addon_state.enable(addon(old_blender, "ancient"))
    assert old_blender.entries.names == []


def test_a_copy_that_blender_takes_instead_is_told(blender: FakeBlender) -> None:
    import addon_state
    from addon_records import Addon
    from preferences import RefusedError

    other = blender.addon("twice", folder=blender.bundled)
    own = str(blender.addon("twice"))
    with pytest.raises(RefusedError) as caught:
        addon_state.enable(Addon("twice", "legacy", "user", own, own))
    assert caught.value.reason == "shadowed"
    assert str(other) in caught.value.detail
    assert (blender.entries.names, sys.registered) == ([], [])


def test_disabling_takes_every_entry_and_tells_an_error(blender: FakeBlender) -> None:
    import addon_state

    blender.addon("bad", "def register(): pass\ndef unregister(): raise ValueError('no')\n")
    addon_state.enable(addon(blender, "bad"))
    blender.entry("bad")
    trace = addon_state.disable("bad", keep_entry=False)
    assert trace is not None
    assert trace.endswith("ValueError: no\n")
    assert blender.entries.names == []
    assert not addon_state.is_enabled_module("bad")


def test_one_that_exits_while_it_is_disabled_is_disabled(blender: FakeBlender) -> None:
    import addon_state

    blender.addon("bad", "import sys\ndef register(): pass\ndef unregister(): sys.exit(5)\n")
    addon_state.enable(addon(blender, "bad"))
    blender.entry("bad")
    # Blender itself doesn't come to removing the entries then.
    trace = addon_state.disable("bad", keep_entry=False)
    assert trace is not None
    assert trace.endswith("SystemExit: 5\n")
    assert blender.entries.names == []


def test_forgetting_unloads_submodules_and_keeps_the_entry(blender: FakeBlender) -> None:
    import addon_state

    package = blender.addons / "pack"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from . import part\n" + working("pack"))
    (package / "part.py").write_text("")
    addon_state.enable(addon(blender, "pack"))
    sys.modules["packer"] = sys.modules["pack"]
    addon_state.forget("pack")
    assert sys.registered == []
    assert not {"pack", "pack.part"} & set(sys.modules)
    assert "packer" in sys.modules
    assert blender.entries.names == ["pack"]


def test_other_modules_of_a_name(blender: FakeBlender) -> None:
    import addon_state

    home = str(blender.addons)
    blender.addon("own")
    blender.addon("brought", folder=blender.bundled)
    assert addon_state.other_module("json", home) == "Python's standard library"
    assert addon_state.other_module("own", home) is None
    assert addon_state.other_module("nowhere_at_all", home) is None
    assert addon_state.other_module("brought", home) == str(blender.bundled / "brought.py")
