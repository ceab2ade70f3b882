"""Where packages come from."""

import os
import sys
from pathlib import Path

import pytest
from installed_files import age, put
from seen_packages import Blender
from systems import posix_only


def test_by_folder(blender: Blender) -> None:
    user = blender.folder / "user"
    for parts, name in (
        (("scripts", "addons", "modules"), "br-user"),
        (("scripts", "modules"), "br-start"),
        (("scripts", "addons", "someone", "libs"), "br-addon"),
        (("extensions", ".local", "lib", "python3.11", "site-packages"), "br-wheel"),
    ):
        put(blender.on_path(str(user), *parts), name)
    put(blender.on_path("elsewhere"), "br-else")
    assert blender.sources() == {
        "br-user": "user-modules",
        "br-start": "user-modules",
        "br-addon": "add-on",
        "br-wheel": "extension",
        "br-else": "other",
    }


def test_a_script_folder_from_the_preferences(blender: Blender) -> None:
    own = blender.folder / "blender-5.0" / "5.0" / "scripts"
    blender.bpy.utils.script_paths = lambda: [str(own), str(blender.folder / "studio")]
    put(blender.on_path("studio", "addons", "modules"), "br-studio")
    age(put(blender.on_path(str(own), "modules"), "br-own"))
    assert blender.sources() == {"br-studio": "user-modules", "br-own": "bundled"}


def test_a_blender_without_extensions(blender: Blender, site: Path) -> None:
    def user_resource(kind: str) -> str:
        if kind == "EXTENSIONS":
            raise ValueError("enum not found")
        return str(blender.folder / "user" / kind.lower())

    blender.bpy.utils.user_resource = user_resource
    put(site, "br-alpha")
    assert blender.sources() == {"br-alpha": "other"}


def test_shipped_with_blender_or_installed_since(blender: Blender) -> None:
    parts = ("blender-5.0", "5.0", "python", "lib", "site-packages")
    folder = blender.on_path(*parts)
    age(put(folder, "br-shipped"))
    put(folder, "br-installed")
    assert blender.sources() == {"br-shipped": "bundled", "br-installed": "site"}


def test_as_new_as_the_blender_that_was_unpacked_with_it(blender: Blender) -> None:
    folder = blender.on_path("blender-5.0", "5.0", "python", "lib", "site-packages")
    info = put(folder, "br-shipped")
    binary = Path(blender.bpy.app.binary_path)
    binary.write_text("")
    newest = max(file.stat().st_mtime for file in info.iterdir())
    os.utime(binary, (newest, newest))
    assert blender.sources() == {"br-shipped": "bundled"}


@pytest.mark.parametrize("where", ["beside", "linked"])
def test_blender_as_a_module(blender: Blender, site: Path, where: str) -> None:
    real = site if where == "beside" else blender.folder / "where-bpy-is"
    package = real / "bpy" / "5.0"
    package.mkdir(parents=True)
    if where == "linked":
        (site / "bpy").symlink_to(real / "bpy")
    blender.bpy.app.module = True
    blender.bpy.utils.resource_path = lambda _kind: str(site / "bpy" / "5.0")
    requires = ("BR.Needed<2,>=1; python_version >= '3'", "br-extra; extra == 'doc'")
    put(real, "bpy", requires=requires)
    put(site, "br-needed", requires=("br_deep",))
    put(site, "br-deep", requires=("br-needed",))
    put(site, "br-extra")
    blender.set_site(site)
    sources = blender.sources()
    assert sources.pop("bpy", "bundled") == "bundled"
    assert sources == {"br-needed": "bundled", "br-deep": "bundled", "br-extra": "site"}


def test_brought_by_the_system(blender: Blender, site: Path) -> None:
    blender.set_site(site)
    put(site, "br-debian", installer=None)
    put(site, "br-fedora", installer="rpm")
    put(site, "br-pip", installer="pip")
    put(site, "br-uv", installer="uv")
    assert blender.sources() == {
        "br-debian": "system",
        "br-fedora": "system",
        "br-pip": "site",
        "br-uv": "site",
    }


def test_in_a_virtual_environment_nothing_is_the_systems(
    blender: Blender, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = blender.on_path("usr", "lib", "python3", "dist-packages")
    folders = [str(site), str(system)]
    monkeypatch.setattr(blender.module("package_origins"), "site_folders", lambda: folders)
    monkeypatch.setattr(sys, "prefix", str(site.parent))
    monkeypatch.setattr(sys, "base_prefix", str(system.parent))
    put(site, "br-half", installer=None)
    (put(site, "br-no-record", installer=None) / "RECORD").unlink()
    put(site, "br-poetry", installer="poetry 1.8.3")
    assert set(blender.sources().values()) == {"site"}
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert set(blender.sources().values()) == {"system"}


@posix_only("the folders of Linux distributions")
def test_the_systems_python_has_a_folder_for_pip(
    blender: Blender, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = blender.on_path("usr", "lib", "python3", "dist-packages")
    monkeypatch.setattr(
        blender.module("package_origins"), "site_folders", lambda: [str(site), str(system)]
    )
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "prefix", "/usr")
    monkeypatch.setattr(blender.module("package_origins"), "LOCAL", os.path.realpath(site))
    put(site, "br-half", installer=None)
    put(system, "br-apt", installer=None)
    assert blender.sources() == {"br-half": "site", "br-apt": "system"}
