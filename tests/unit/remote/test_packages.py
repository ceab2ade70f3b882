"""What of installed packages Blender's Python finds, without a restart."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Install = Callable[..., None]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in ("br_alpha", "br_beta"):
        sys.modules.pop(name, None)


@pytest.fixture
def install(site: Path) -> Install:
    """Puts a distribution there, as pip does."""

    def put(name: str, version: str, files: dict[str, str], top_level: "str | None" = None) -> None:
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        everything = {**files, f"{info}/METADATA": metadata}
        if top_level is not None:
            everything[f"{info}/top_level.txt"] = top_level
        record = "".join(f"{path},,\n" for path in [*everything, f"{info}/RECORD"])
        for path, text in {**everything, f"{info}/RECORD": record}.items():
            file = site / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    return put


@pytest.fixture
def look(load: Callable[[str], ModuleType]) -> Callable[..., list[dict[str, Any]]]:
    script = load("packages")
    return lambda *names: script.main(list(names))


Look = Callable[..., list[dict[str, Any]]]


def test_a_package_by_its_file_list(look: Look, install: Install, site: Path) -> None:
    install("br-alpha", "1.2", {"br_alpha/__init__.py": "", "../bin/br-alpha": ""})
    assert look("br-alpha") == [
        {"name": "br-alpha", "version": "1.2", "location": str(site), "importable": True}
    ]


def test_it_is_not_imported_for_that(look: Look, install: Install) -> None:
    install("br-alpha", "1.0", {"br_alpha/__init__.py": "raise SystemExit"})
    assert look("br-alpha")[0]["importable"]
    assert "br_alpha" not in sys.modules


def test_modules_by_top_level_and_extension(look: Look, install: Install) -> None:
    install("br-alpha", "1.0", {"br_alpha.py": ""}, "br_alpha\n")
    install("br-beta", "2.0", {"br_beta.cpython-311-x86_64-linux-gnu.so": "", "br_beta.py": ""})
    assert [one["importable"] for one in look("br-alpha", "br-beta")] == [True, True]


def test_installed_since_the_last_look(look: Look, install: Install) -> None:
    assert look("br-alpha")[0] == {
        "name": "br-alpha",
        "version": None,
        "location": None,
        "importable": False,
    }
    install("br-alpha", "1.0", {"br_alpha/__init__.py": ""})
    assert look("br-alpha")[0]["importable"]


def test_metadata_without_its_module(look: Look, install: Install, site: Path) -> None:
    install("br-alpha", "1.0", {"br_alpha/__init__.py": ""})
    (site / "br_alpha" / "__init__.py").unlink()
    (site / "br_alpha").rmdir()
    found = look("br-alpha")[0]
    assert (found["version"], found["importable"]) == ("1.0", False)


def test_names_are_compared_normalised_and_answered_in_order(look: Look, install: Install) -> None:
    install("BR.Alpha", "1.0", {"br_alpha/__init__.py": ""})
    install("br_beta", "2.0", {"br_beta/__init__.py": ""})
    found = look("br-beta", "no-such-package", "br-alpha")
    assert [one["version"] for one in found] == ["2.0", None, "1.0"]
