"""What Blender's Python sees of installed packages: real folders on the real import path."""

import base64
import hashlib
import importlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

Row = dict[str, Any]
LONG_AGO = 946684800


class Blender:
    """A Blender's Python: the script under test, and folders on its path."""

    def __init__(self, bpy: ModuleType, script: ModuleType, folder: Path) -> None:
        self.bpy = bpy
        self.script = script
        self.folder = folder

    def on_path(self, *parts: str) -> Path:
        """Give a folder at the end of the path."""
        place = self.folder.joinpath(*parts)
        place.mkdir(parents=True, exist_ok=True)
        if str(place) not in sys.path:
            sys.path.append(str(place))
        return place

    def all(self, seconds: float = 10) -> list[Row]:
        """List what is in the test's own folders."""
        rows: list[Row] = []
        rest = None
        while rest is None or rest:
            page = self.script.main({"rest": rest, "seconds": seconds})
            rows += page["packages"]
            rest = page["rest"]
        return [row for row in rows if row["location"].startswith(str(self.folder))]

    def one(self, name: str) -> Row:
        (row,) = [row for row in self.all() if row["name"] == name]
        return row

    def sources(self) -> dict[str, str]:
        return {row["name"]: row["source"] for row in self.all()}

    def look(self, *names: str) -> list[Row]:
        return self.script.main({"names": list(names)})


@pytest.fixture
def blender(
    fake_bpy: ModuleType,
    load: Callable[[str], ModuleType],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Blender]:
    monkeypatch.setattr(sys, "path", [*sys.path])
    script = load("packages")
    yield Blender(fake_bpy, script, tmp_path)
    for name in list(sys.modules):
        if name.startswith(("br_", "_br_", script.NOTES_MODULE)):
            del sys.modules[name]


@pytest.fixture
def site(blender: Blender) -> Path:
    return blender.on_path("site-packages")


def put(
    folder: Path,
    name: str,
    version: str = "1.0",
    files: dict[str, str] | None = None,
    *,
    installer: str | None = "pip",
    top_level: str | None = None,
    requires: tuple[str, ...] = (),
) -> Path:
    """Install a distribution as pip does; gives its metadata folder."""
    module = name.lower().replace("-", "_").replace(".", "_")
    info = f"{module}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    everything = {f"{module}/__init__.py": ""} if files is None else dict(files)
    everything[f"{info}/METADATA"] = "\n".join(metadata) + "\n\nName: not this one\n"
    if installer is not None:
        everything[f"{info}/INSTALLER"] = f"{installer}\n"
    if top_level is not None:
        everything[f"{info}/top_level.txt"] = top_level
    record = "".join(f"{path},,\n" for path in [*everything, f"{info}/RECORD"])
    for path, text in {**everything, f"{info}/RECORD": record}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder / info


def age(info: Path) -> None:
    """Make a distribution's metadata older than everything."""
    for file in info.iterdir():
        os.utime(file, (LONG_AGO, LONG_AGO))


# The list


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


# Where packages come from


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
    blender.script.sysconfig = SimpleNamespace(get_path=lambda _name: str(site))
    sources = blender.sources()
    assert sources.pop("bpy", "bundled") == "bundled"
    assert sources == {"br-needed": "bundled", "br-deep": "bundled", "br-extra": "site"}


def test_brought_by_the_system(blender: Blender, site: Path) -> None:
    blender.script.sysconfig = SimpleNamespace(get_path=lambda _name: str(site))
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


# What is loaded


def test_loaded_as_it_says(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", "1.0", {"br_alpha.py": "__version__ = '1.0'"})
    importlib.import_module("br_alpha")
    loaded = {"version": "1.0", "location": str(site), "replaced": False}
    assert blender.one("br-alpha")["loaded"] == loaded


@pytest.mark.parametrize("code", ["", "__version__ = (1, 0)", "def __getattr__(name): raise Exit"])
def test_loaded_without_a_word_of_its_version(blender: Blender, site: Path, code: str) -> None:
    put(site, "br-alpha", "1.0", {"br_alpha.py": code})
    importlib.import_module("br_alpha")
    loaded = {"version": None, "location": str(site), "replaced": False}
    assert blender.one("br-alpha")["loaded"] == loaded


def test_a_module_that_says_less_than_its_metadata(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", "4.8.1.78", {"br_alpha.py": "__version__ = '4.8.1'"})
    importlib.import_module("br_alpha")
    assert blender.one("br-alpha")["loaded"]["version"] == "4.8.1.78"


def test_a_part_of_a_namespace(blender: Blender, site: Path) -> None:
    put(site, "br-one", "1.0", {"br_space/one/__init__.py": "__version__ = '1.0'"})
    put(site, "br-two", "2.0", {"br_space/two.py": ""})
    importlib.import_module("br_space.one")
    assert blender.one("br-one")["loaded"]["version"] == "1.0"
    assert blender.one("br-two")["loaded"] is None


def test_an_egg_info_by_its_top_level(blender: Blender, site: Path) -> None:
    info = site / "br_alpha-1.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Name: br-alpha\nVersion: 1\n")
    (info / "top_level.txt").write_text("br_other\n")
    (site / "br_other.py").write_text("")
    assert blender.one("br-alpha")["loaded"] is None
    importlib.import_module("br_other")
    assert blender.one("br-alpha")["loaded"] is not None


def test_what_a_pth_file_imports_at_every_start(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", files={"_br_hook/__init__.py": "", "br_alpha.py": ""})
    (site / "br.pth").write_text("import os; __import__('_br_hook')\n")
    importlib.import_module("_br_hook")
    assert blender.one("br-alpha")["loaded"] is None
    importlib.import_module("br_alpha")
    assert blender.one("br-alpha")["loaded"] is not None


def upgrade(folder: Path, info: Path, version: str, code: str) -> None:
    shutil.rmtree(info)
    put(folder, "br-alpha", version, {"br_alpha.py": code})


@pytest.mark.parametrize("new", ["2.0", "1.0"])
def test_replaced_since_the_last_look(blender: Blender, site: Path, new: str) -> None:
    info = put(site, "br-alpha", "1.0", {"br_alpha.py": ""})
    age(info)
    importlib.import_module("br_alpha")
    assert not blender.one("br-alpha")["loaded"]["replaced"]
    upgrade(site, info, new, "")
    row = blender.one("br-alpha")
    assert row["version"] == new
    assert row["loaded"] == {"version": "1.0", "location": str(site), "replaced": True}


def install_hashed(site: Path, version: str, code: str) -> None:
    """Install with hashes in RECORD, as pip writes them, over what is there."""
    for old in site.glob("br_alpha-*.dist-info"):
        shutil.rmtree(old)
    info = put(site, "br-alpha", version, {"br_alpha/__init__.py": code})
    digest = base64.urlsafe_b64encode(hashlib.sha256(code.encode()).digest()).decode().rstrip("=")
    rows = [f"br_alpha/__init__.py,sha256={digest},{len(code)}", "br_alpha/x.cpython-311.pyc,,"]
    rows += [f"{info.name}/METADATA,,", f"{info.name}/RECORD,,"]
    (info / "RECORD").write_text("\n".join(rows))


def test_replaced_and_back_again_is_what_is_loaded(blender: Blender, site: Path) -> None:
    install_hashed(site, "1.0", "")
    importlib.import_module("br_alpha")
    blender.all()
    install_hashed(site, "2.0", "x = 2")
    age(site / "br_alpha-2.0.dist-info")
    assert blender.one("br-alpha")["loaded"]["replaced"]
    install_hashed(site, "1.0", "")
    age(site / "br_alpha-1.0.dist-info")
    assert not blender.one("br-alpha")["loaded"]["replaced"]
    # The same version with other files: built again.
    install_hashed(site, "1.0", "x = 1")
    age(site / "br_alpha-1.0.dist-info")
    assert blender.one("br-alpha")["loaded"]["replaced"]


def test_imported_anew_after_it_was_replaced(blender: Blender, site: Path) -> None:
    info = put(site, "br-alpha", "1.0", {"br_alpha.py": ""})
    importlib.import_module("br_alpha")
    blender.all()
    upgrade(site, info, "2.0", "__version__ = '2.0'")
    del sys.modules["br_alpha"]
    assert blender.one("br-alpha")["loaded"] is None
    shutil.rmtree(site / "__pycache__", ignore_errors=True)
    importlib.import_module("br_alpha")
    loaded = {"version": "2.0", "location": str(site), "replaced": False}
    assert blender.one("br-alpha")["loaded"] == loaded


def test_the_notes_keep_no_module_alive(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", files={"br_alpha.py": ""})
    importlib.import_module("br_alpha")
    blender.all()
    note = blender.script.notes()["br-alpha"]
    del sys.modules["br_alpha"]
    importlib.invalidate_caches()
    assert note["object"]() is None


def test_another_copy_than_the_one_that_wins_now(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", "1.0")
    importlib.import_module("br_alpha")
    blender.all()
    first = blender.on_path("first")
    put(first, "br-alpha", "2.0")
    sys.path.insert(0, str(first))
    (look,) = blender.look("br-alpha")
    assert look["package"]["location"] == str(first)
    assert look["package"]["loaded"] == {
        "version": "1.0",
        "location": str(site),
        "replaced": False,
    }


# Whether an import finds it


def test_a_package_by_its_file_list(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", "1.2", {"br_alpha/__init__.py": "", "../bin/br-alpha": ""})
    (look,) = blender.look("BR_alpha")
    assert look["name"] == "br-alpha"
    assert look["package"]["version"] == "1.2"
    assert (look["found"], look["instead"]) == (True, None)


def test_it_is_not_imported_for_that(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", files={"br_alpha/__init__.py": "raise SystemExit"})
    assert blender.look("br-alpha")[0]["found"]
    assert "br_alpha" not in sys.modules


def test_modules_by_top_level_and_extension(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", "1.0", {"other_name.py": ""}, top_level="other_name\n")
    native = f"br_beta{importlib.machinery.EXTENSION_SUFFIXES[0]}"
    put(site, "br-beta", "2.0", {native: ""})
    assert [one["found"] for one in blender.look("br-alpha", "br-beta")] == [True, True]


def test_installed_since_the_last_look(blender: Blender, site: Path) -> None:
    missing = {"name": "br-alpha", "package": None, "found": False, "instead": None}
    assert blender.look("br-alpha") == [missing]
    put(site, "br-alpha")
    assert blender.look("br-alpha")[0]["found"]


def test_metadata_without_its_module(blender: Blender, site: Path) -> None:
    put(site, "br-alpha")
    (site / "br_alpha" / "__init__.py").unlink()
    (site / "br_alpha" / "__pycache__").mkdir()
    assert not blender.look("br-alpha")[0]["found"]


def test_another_module_of_the_same_name_comes_first(blender: Blender, site: Path) -> None:
    put(site, "br-alpha")
    first = blender.on_path("first")
    sys.path.insert(0, str(first))
    (first / "br_alpha.py").write_text("")
    (look,) = blender.look("br-alpha")
    assert (look["found"], look["instead"]) == (False, str(first / "br_alpha.py"))


def test_an_editable_install(blender: Blender, site: Path) -> None:
    put(site, "br-alpha", files={}, top_level="br_alpha\n")
    (blender.on_path("checkout") / "br_alpha.py").write_text("")
    assert blender.look("br-alpha")[0]["found"]


class Finder:
    """A finder that an add-on or an editable install puts in front."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.asked: list[str] = []
        self._answer = answer

    def find_spec(self, name: str, *_: object) -> Any:
        if name.startswith("br_"):
            self.asked.append(name)
            return self._answer()
        return None


@pytest.fixture
def in_front(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], Finder]:
    def put_in_front(answer: Callable[[], Any]) -> Finder:
        finder = Finder(answer)
        monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
        return finder

    return put_in_front


def test_other_finders_are_asked_only_for_what_is_not_on_the_path(
    blender: Blender, site: Path, in_front: Callable[[Callable[[], Any]], Finder]
) -> None:
    put(site, "br-alpha")
    put(site, "br-editable", files={}, top_level="br_editable\n")
    checkout = blender.folder / "br_editable.py"
    checkout.write_text("")
    finder = in_front(lambda: importlib.util.spec_from_file_location("br_editable", checkout))
    assert [one["found"] for one in blender.look("br-alpha", "br-editable")] == [True, True]
    assert finder.asked == ["br_editable"]


def test_a_finder_that_fails(
    blender: Blender, site: Path, in_front: Callable[[Callable[[], Any]], Finder]
) -> None:
    put(site, "br-alpha", files={}, top_level="br_alpha\n")
    finder = in_front(lambda: 1 / 0)
    assert not blender.look("br-alpha")[0]["found"]
    assert finder.asked == ["br_alpha"]


def test_answers_in_the_order_of_the_names(blender: Blender, site: Path) -> None:
    put(site, "BR.Alpha")
    put(site, "br_beta", "2.0")
    found = blender.look("br-beta", "no-such-package", "br-alpha")
    versions = [look["package"] and look["package"]["version"] for look in found]
    assert versions == ["2.0", None, "1.0"]


# What an install that was ended leaves


def test_what_is_left_of_an_install_that_was_ended(blender: Blender, site: Path) -> None:
    put(site, "br-whole", files={"br_whole/__init__.py": "", "br_shared.py": ""})
    (site / "without_a_package.py").write_text("")
    half = put(site, "br-half", files={"br_half/__init__.py": ""})
    (half / "INSTALLER").unlink()
    for name in ("~r_gone", "~r_gone-1.0.dist-info", "br_new", "__pycache__"):
        (site / name).mkdir()
    seconds = 60
    found = blender.script.main({"folders": [str(site), "/no/such"], "seconds": seconds})["debris"]
    names = ["br_half", "br_half-1.0.dist-info", "br_new", "without_a_package.py"]
    expected = [*names, "~r_gone", "~r_gone-1.0.dist-info"]
    assert found == [str(site / name) for name in expected]
    # Nothing is newer than a moment that hasn't come yet.
    assert blender.script.main({"folders": [str(site)], "seconds": -60})["debris"] == []
