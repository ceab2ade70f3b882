"""Which add-ons there are, which one a name means, and whether it is enabled."""

import sys
from types import ModuleType

import pytest
from fake_blender import FakeBlender


def known() -> list:
    import addon_places
    import addon_records

    return addon_records.known(addon_places.own_folders())


def test_all_kinds_are_found_with_their_source(blender: FakeBlender) -> None:
    own = blender.addon("own")
    blender.addon("brought", folder=blender.bundled)
    package = blender.extension("ext")
    (blender.addons / "modules").mkdir()
    (blender.addons / "modules" / "__init__.py").write_text("")
    (blender.addons / ".hidden").mkdir()
    (blender.addons / ".hidden" / "__init__.py").write_text("")
    blender.entry("gone")
    blender.entry("bl_ext.old.lost")
    found = {one.name: (one.kind, one.source, one.path) for one in known()}
    assert found == {
        "own": ("legacy", "user", str(own)),
        "brought": ("legacy", "bundled", str(blender.bundled / "brought.py")),
        "bl_ext.user_default.ext": ("extension", "user", str(package)),
        "gone": ("legacy", "unknown", None),
        "bl_ext.old.lost": ("extension", "unknown", None),
    }


def test_a_blender_without_extensions(old_blender: FakeBlender) -> None:
    old_blender.addon("own")
    old_blender.extension("ext")
    assert [one.name for one in known()] == ["own"]


def test_a_name_means_the_whole_name_first_and_then_an_id(blender: FakeBlender) -> None:
    import addon_records

    blender.addon("same", folder=blender.bundled)
    own = blender.addon("same")
    blender.extension("same")
    found = addon_records.matching("same", known())
    assert [one.name for one in found] == ["same", "same", "bl_ext.user_default.same"]
    assert found[0].path == str(own)
    whole = addon_records.find("bl_ext.user_default.same", known())
    assert whole.kind == "extension"


def test_a_name_that_nobody_has_is_refused(blender: FakeBlender) -> None:
    import addon_records
    from preferences import RefusedError

    with pytest.raises(RefusedError) as caught:
        addon_records.find("nobody", known())
    assert (caught.value.reason, caught.value.detail) == (
        "addon-not-found",
        "there is no add-on 'nobody'",
    )


def test_enabled_and_loaded_mean_this_file(blender: FakeBlender) -> None:
    import addon_records

    own = blender.addon("twice")
    blender.addon("twice", folder=blender.bundled)
    user, brought = sorted(known(), key=lambda one: one.source != "user")
    module = ModuleType("twice")
    module.__file__ = str(own)
    module.__addon_enabled__ = True
    sys.modules["twice"] = module
    assert addon_records.is_loaded(user)
    assert not addon_records.is_enabled(user)
    blender.entry("twice")
    assert addon_records.is_enabled(user)
    assert not addon_records.is_loaded(brought)
    assert not addon_records.is_enabled(brought)
    module.__addon_enabled__ = False
    assert not addon_records.is_loaded(user)


def test_an_add_on_is_a_folder_or_a_file(blender: FakeBlender) -> None:
    import addon_records

    folder = str(blender.addons / "pack")
    assert addon_records.place_of(f"{folder}/__init__.py") == folder
    assert addon_records.place_of(f"{folder}.py") == f"{folder}.py"
