"""A closer look at installed packages."""

from pathlib import Path

from installed_files import put
from seen_packages import Blender
from systems import native


def test_missing_files_and_whether_an_import_finds_them(blender: Blender, site: Path) -> None:
    put(site, "br-whole")
    files = {"br_part/__init__.py": "", "br_part/a.py": "", "../bin/br": "", "br_part/b.pyc": ""}
    put(site, "br-part", files=files)
    (site / "br_part" / "a.py").unlink()
    (site / "br_part" / "b.pyc").unlink()
    second = blender.on_path("second")
    put(second, "br-whole", "2.0")
    found = [one for one in blender.script.main({"check": True}) if one["name"].startswith("br-")]
    by_place = {(one["name"], one["version"]): one for one in found}
    assert by_place["br-whole", "1.0"]["missing"] == 0
    assert by_place["br-whole", "1.0"]["importable"]["found"]
    assert by_place["br-whole", "2.0"]["importable"] is None
    part = by_place["br-part", "1.0"]
    assert (part["missing"], part["first"]) == (1, native("br_part/a.py"))
