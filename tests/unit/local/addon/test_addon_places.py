"""Where a Blender keeps add-ons, and whether that is what the command line expects."""

import os
import sys
from pathlib import Path

import pytest
from fake_blender import FakeBlender


def expected(blender: FakeBlender) -> dict:
    return {
        "config": str(blender.user / "config"),
        "addons": str(blender.addons),
        "repository": str(blender.repository),
        "version": ".".join(map(str, blender.version)),
    }


def test_expected_folders_are_no_news(blender: FakeBlender, tmp_path: Path) -> None:
    import addon_places

    assert addon_places.elsewhere(expected(blender)) is None
    # By another way to the same place.
    (tmp_path / "link").symlink_to(blender.user)
    linked = {**expected(blender), "config": str(tmp_path / "link" / "config")}
    assert addon_places.elsewhere(linked) is None


@pytest.mark.parametrize("what", ["config", "addons", "repository"])
def test_another_folder_is_told(blender: FakeBlender, what: str) -> None:
    import addon_places

    told = addon_places.elsewhere({**expected(blender), what: "/nowhere"})
    assert told == expected(blender)


def test_another_version_is_told(blender: FakeBlender) -> None:
    import addon_places

    assert addon_places.elsewhere({**expected(blender), "version": "4.2.0"}) == expected(blender)


def test_a_blender_without_extensions_has_no_repository(old_blender: FakeBlender) -> None:
    import addon_places

    assert addon_places.elsewhere(expected(old_blender)) is None
    assert addon_places.own_places()["repository"] is None
    assert addon_places.own_folders().extensions is None


def test_a_blender_without_add_ons_is_told_the_real_places(blender: FakeBlender) -> None:
    import addon_places

    stand_in = str(blender.user / "extensions")
    folders = addon_places.Folders("/real/addons", "/real/extensions", stand_in)
    assert [place for _, place in addon_places.repositories(folders)] == [
        os.path.join("/real/extensions", "user_default")
    ]
    assert folders.repository("/outside") == "/outside"


def test_sources(blender: FakeBlender) -> None:
    import addon_places

    folders = addon_places.own_folders()
    assert addon_places.source_of(str(blender.addons), folders) == "user"
    assert addon_places.source_of(str(blender.bundled), folders) == "bundled"
    # A name that only begins like Blender's own folder.
    assert addon_places.source_of(f"{blender.system}-more", folders) == "unknown"


def test_a_new_add_ons_folder_becomes_importable(blender: FakeBlender) -> None:
    import addon_places

    sys.path.remove(str(blender.addons))
    blender.addons.mkdir(parents=True)
    addon_places.make_importable(str(blender.addons))
    assert sys.path.count(str(blender.addons)) == 1
