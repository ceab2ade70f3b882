"""What the wheels of an extension hide, and what hides them."""

import os
import platform
import site
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_blender import FakeBlender

Warn = Callable[..., list[str]]

PYTHON = f"{sys.version_info.major}{sys.version_info.minor}"


def put(
    folder: Path, version: str, name: str = "numpy", *, old: bool = False, installer: str = "pip"
) -> None:
    """Install a package; `old`: as long ago as what came with Blender."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    metadata = info / "METADATA"
    metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "INSTALLER").write_text(f"{installer}\n")
    if old:
        for path in (metadata, info / "INSTALLER"):
            os.utime(path, (1, 1))


def wheels(*names: str) -> str:
    return f"wheels = {[f'./wheels/{name}' for name in names]}\n"


@pytest.fixture
def site_packages(blender: FakeBlender, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Blender's own site-packages, behind which its user modules are on the path."""
    folder = blender.system.parent / "python" / "site-packages"
    folder.mkdir(parents=True)
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(folder)])
    modules = blender.addons / "modules"
    modules.mkdir(parents=True)
    before = blender.user / "scripts" / "modules"
    before.mkdir()
    sys.path[:] = [str(before), str(folder), str(modules), *sys.path]
    return folder


@pytest.fixture
def warn(blender: FakeBlender) -> Warn:
    """What is said of an extension with these wheels."""

    def warn(*names: str, enabled: bool = True) -> list[str]:
        from addon_facts import facts_of
        from addon_places import own_folders
        from addon_records import find, installed
        from extension_wheels import WheelView

        if not (blender.repository / "own").exists():
            blender.extension("own", manifest=wheels(*names))
        folders = own_folders()
        addon = find("own", installed(folders))
        return WheelView(folders).warnings(addon, facts_of(addon).wheels, enabled=enabled)

    return warn


def test_what_blender_brings(site_packages: Path, warn: Warn) -> None:
    put(site_packages, "1.26.4", old=True)
    said = (
        "numpy 2.1.0 of this extension comes before 1.26.4, which Blender itself uses: "
        "Blender's own modules may break"
    )
    assert warn("numpy-2.1.0-py3-none-any.whl") == [said]
    assert warn(enabled=False) == [f"once it is enabled: {said}"]


def test_what_was_installed(blender: FakeBlender, site_packages: Path, warn: Warn) -> None:
    modules = blender.addons / "modules"
    put(site_packages, "1.11.4", "scipy")
    put(modules, "3.0", "tool")
    assert warn("SciPy-1.12.0-py3-none-any.whl", "tool-2.0-py3-none-any.whl") == [
        f"scipy 1.12.0 of this extension hides scipy 1.11.4 in {site_packages}",
        f"tool 2.0 of this extension hides tool 3.0 in {modules}",
    ]


def test_what_the_system_brought(
    tmp_path: Path, warn: Warn, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "dist-packages"
    put(folder, "1.24", installer="apt")
    sys.path.insert(0, str(folder))
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(folder)])
    assert warn("numpy-2.1.0-py3-none-any.whl") == [
        "numpy 2.1.0 of this extension comes before 1.24, which the system brought: "
        "what depends on it may break"
    ]


@pytest.mark.parametrize("version", ["1.26", "1.26.0"])
def test_the_same_version_is_nothing_to_say(site_packages: Path, warn: Warn, version: str) -> None:
    put(site_packages, version)
    assert warn("numpy-1.26.0-py3-none-any.whl") == []


def test_what_comes_earlier_hides_the_wheel(
    blender: FakeBlender, site_packages: Path, warn: Warn
) -> None:
    first = blender.user / "scripts" / "modules"
    put(first, "1.0")
    put(site_packages, "1.26.4")
    said = f"numpy 2.1.0 of this extension is hidden by 1.0 in {first}"
    assert warn("numpy-2.1.0-py3-none-any.whl") == [said]


def test_the_wheels_folder_itself_is_no_other_copy_and_tells_the_place(
    blender: FakeBlender, site_packages: Path, warn: Warn
) -> None:
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    local = blender.user / "extensions" / ".local" / "lib" / python / "site-packages"
    put(local, "1.0")
    sys.path.append(str(local))
    assert warn("numpy-2.1.0-py3-none-any.whl") == []
    put(site_packages, "1.26.4")
    assert warn() == [f"numpy 2.1.0 of this extension is hidden by 1.26.4 in {site_packages}"]


def test_of_all_extensions_the_newest_wheel_is_taken(blender: FakeBlender, warn: Warn) -> None:
    blender.extension("other", manifest=wheels("numpy-2.0.0-py3-none-any.whl"))
    assert warn("numpy-2.1.0-py3-none-any.whl") == []
    blender.entry("bl_ext.user_default.other")
    one_copy = "Blender has one copy for all extensions"
    assert warn() == [
        "numpy 2.1.0 of this extension takes the place of 2.0.0, "
        f"which bl_ext.user_default.other brings: {one_copy}"
    ]
    blender.extension("newest", manifest=wheels("numpy-2.2.0-py3-none-any.whl"))
    blender.entry("bl_ext.user_default.newest")
    assert warn()[-1] == (
        "numpy 2.1.0 of this extension isn't used: "
        f"bl_ext.user_default.newest brings 2.2.0, and {one_copy}"
    )


def test_only_what_fits_this_python_and_machine(
    blender: FakeBlender, monkeypatch: pytest.MonkeyPatch
) -> None:
    from extension_wheels import fitting

    def taken(*names: str, system: str, machine: str) -> dict[str, str]:
        monkeypatch.setattr(platform, "system", lambda: system)
        monkeypatch.setattr(platform, "machine", lambda: machine)
        return fitting([f"./wheels/{name}.whl" for name in names])

    cp = f"cp{PYTHON}-cp{PYTHON}"
    every = (
        f"linux-1-{cp}-manylinux_2_17_x86_64.manylinux2014_x86_64",
        f"musl-1-{cp}-musllinux_1_2_x86_64",
        f"arm-1-{cp}-manylinux2014_aarch64",
        f"windows-1-{cp}-win_amd64",
        f"mac-1-{cp}-macosx_11_0_arm64",
        f"macs-1-{cp}-macosx_10_9_universal2",
        "old-1-cp27-cp27m-win_amd64",
        "next-1-cp399-cp399-any",
        "stable-1-cp37-abi3-any",
        "later-1-cp399-abi3-any",
        "both-1-2-py2.py3-none-any",
        "nonsense",
    )
    anywhere = {"stable": "1", "both": "1"}
    linux = {"linux": "1", "musl": "1"}
    assert taken(*every, system="Linux", machine="x86_64") == {**linux, **anywhere}
    assert taken(*every, system="Linux", machine="aarch64") == {"arm": "1", **anywhere}
    assert taken(*every, system="Windows", machine="AMD64") == {"windows": "1", **anywhere}
    assert taken(*every, system="Darwin", machine="arm64") == {"mac": "1", "macs": "1", **anywhere}
    two = ("tool-1.9-py3-none-any", "tool-1.10-py3-none-any", "local-1+a-py3-none-any")
    assert taken(*two, system="Linux", machine="x86_64") == {"tool": "1.10", "local": "1+a"}
