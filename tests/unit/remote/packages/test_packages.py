"""The list of packages, and looks at some of them."""

import sys
from pathlib import Path

from installed_files import put
from seen_packages import Blender


def test_names_are_normalised_and_the_description_is_not_read(blender: Blender, site: Path) -> None:
    put(site, "BR.Alpha_beta", "1.2")
    row = blender.one("br-alpha-beta")
    assert (row["version"], row["location"], row["loaded"]) == ("1.2", str(site), None)


def test_in_the_order_of_the_path_each_folder_once(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", "1.0")
    second = blender.on_path("second")
    put(second, "br-alpha", "2.0")
    (blender.folder / "link").symlink_to(site)
    sys.path.append(str(blender.folder / "link"))
    assert [row["version"] for row in blender.all()] == ["1.0", "2.0"]


def test_every_kind_of_metadata(blender: Blender, site: Path) -> None:
    header = "Metadata-Version: 1.0\nName: {}\nVersion: 3\n"
    (site / "br_folder.egg-info").mkdir()
    (site / "br_folder.egg-info" / "PKG-INFO").write_text(header.format("br-folder"))
    (site / "br_file-3.egg-info").write_text(header.format("br-file"))
    assert {row["name"] for row in blender.all()} == {"br-folder", "br-file"}


def test_what_is_no_package(blender: Blender, site: Path) -> None:
    info = put(site, "br-alpha")
    # pip's name for what it is about to remove.
    info.rename(site / "~r_alpha-1.0.dist-info")
    (site / "empty-1.0.dist-info").mkdir()
    (site / "no_version-1.0.dist-info").mkdir()
    (site / "no_version-1.0.dist-info" / "METADATA").write_text("Name: no-version\n")
    sys.path.append(str(site / "br_alpha" / "__init__.py"))
    sys.path.append(str(blender.folder / "missing"))
    assert blender.all() == []


def test_in_pages_when_time_runs_out(blender: Blender, site: Path) -> None:
    for number in range(5):
        put(site, f"br-{number}")
    page = blender.script.main({"rest": None, "seconds": 0})
    assert len(page["packages"]) == 1
    assert len(blender.all(seconds=0)) == 5


def test_answers_in_the_order_of_the_names(blender: Blender, site: Path) -> None:
    put(site, "BR.Alpha")
    put(site, "br_beta", "2.0")
    found = blender.look("br-beta", "no-such-package", "br-alpha")
    versions = [look["package"] and look["package"]["version"] for look in found]
    assert versions == ["2.0", None, "1.0"]
