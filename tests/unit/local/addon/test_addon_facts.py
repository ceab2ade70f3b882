"""What add-ons say of themselves, read and never run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_blender import FakeBlender

Read = Callable[[str | bytes], Any]


@pytest.fixture
def read(blender: FakeBlender, tmp_path: Path) -> Read:
    """Read the facts of a module with this source."""
    import addon_facts

    def read(source: str | bytes) -> addon_facts.Facts:
        file = tmp_path / "it.py"
        file.write_bytes(source if isinstance(source, bytes) else source.encode())
        return addon_facts.legacy_facts(str(file))

    return read


def test_bl_info_is_read(read: Read) -> None:
    facts = read(
        'raise SystemExit\nbl_info = {"name": "It", "version": (1, 2, 0), "blender": (3, 0, 0),\n'
        '"wiki_url": "{BLENDER_MANUAL_URL}/x.html", "author": None}\nraise SystemExit\n'
    )
    assert (facts.name, facts.version, facts.oldest, facts.author) == ("It", "1.2.0", (3, 0, 0), "")
    assert facts.doc_url == "https://docs.blender.org/manual/en/4.3/x.html"
    assert facts.problem == ""


@pytest.mark.parametrize(
    ("version", "text"), [("[1, 2]", "1.2"), ("'1.2b'", "1.2b"), ("1.5", "1.5"), ("()", "")]
)
def test_versions_in_any_form(read: Read, version: str, text: str) -> None:
    assert read(f"bl_info = {{'version': {version}}}").version == text


def test_only_the_assignment_must_be_python(read: Read) -> None:
    facts = read("bl_info = {\n 'name': 'It',\n}\nthis is no python\n")
    assert facts.name == "It"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("x = 1\n", "it has no bl_info"),
        ("bl_info == {}\n", "it has no bl_info"),
        ("bl_info = 5\n", "it isn't a dict"),
        ("bl_info = {'name': name()}\n", "its bl_info can't be read"),
        ("bl_info = {\n", "its bl_info can't be read"),
        (b"bl_info = {'name': '\xff'}\n", "it isn't UTF-8"),
    ],
)
def test_why_nothing_is_known(read: Read, source: str | bytes, problem: str) -> None:
    assert problem in read(source).problem


def test_missing_files(blender: FakeBlender) -> None:
    import addon_facts
    from addon_records import Addon

    assert addon_facts.legacy_facts("/nowhere.py").problem == "No such file or directory"
    gone = addon_facts.facts_of(Addon("gone", "legacy", "unknown", None, None))
    assert gone.problem == "its files are missing"


def test_a_manifest_is_read(blender: FakeBlender) -> None:
    import addon_facts
    from addon_records import Addon

    manifest = (
        'name = "It"\nversion = "1.0.0"\nmaintainer = "A"\ntagline = "Does it"\n'
        'tags = ["Mesh", "UV"]\nblender_version_min = "4.2"\nblender_version_max = "5.0.0"\n'
    )
    path = blender.extension("it", manifest=manifest)
    addon = Addon("x", "extension", "user", str(path), str(path / "__init__.py"))
    facts = addon_facts.facts_of(addon)
    assert (facts.author, facts.description, facts.category) == ("A", "Does it", "Mesh, UV")
    assert (facts.oldest, facts.beyond) == ((4, 2), (5, 0, 0))
    (path / "blender_manifest.toml").write_text("name = \n")
    assert "blender_manifest.toml can't be read" in addon_facts.facts_of(addon).problem


@pytest.mark.parametrize(
    ("oldest", "beyond", "why"),
    [
        ((4, 3, 2), (), None),
        ((4, 3, 3), (), "it needs Blender 4.3.3, and this is 4.3.2"),
        ((), (4, 3, 2), "it is for Blender before 4.3.2, and this is 4.3.2"),
        ((), (4, 4), None),
    ],
)
def test_misfits(blender: FakeBlender, oldest: tuple, beyond: tuple, why: str | None) -> None:
    import addon_facts

    assert addon_facts.misfit(addon_facts.Facts(oldest=oldest, beyond=beyond)) == why
