"""What Blender shipped, noted before it is replaced."""

from pathlib import Path

import pytest
from installed_files import age, put
from seen_packages import Blender
from shipped_record import RECORD, note, noted

PARTS = ("blender-5.0", "5.0", "python", "lib", "site-packages")


def test_what_was_noted_first_stays(tmp_path: Path) -> None:
    folder = str(tmp_path)
    assert noted(folder) == {}
    note(folder, {"numpy": "1.26.4"})
    note(folder, {"numpy": "2.1.0", "requests": "2.31.0"})
    assert noted(folder) == {"numpy": "1.26.4", "requests": "2.31.0"}
    assert [file.name for file in tmp_path.iterdir()] == [RECORD]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"numpy": 1}'])
def test_a_damaged_note_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / RECORD).write_text(text)
    assert noted(str(tmp_path)) == {}


def test_what_is_replaced_is_still_known(blender: Blender) -> None:
    folder = blender.on_path(*PARTS)
    blender.set_site(folder)
    age(put(folder, "br-numpy", "1.26.4"))
    put(folder, "br-mine", "1.0")
    assert blender.script.main({"shipped": ["br-numpy", "br-mine", "br-gone"]}) == {}
    assert noted(str(folder)) == {"br-numpy": "1.26.4"}
    page = blender.script.main({"rest": None, "seconds": 10})
    assert page["context"]["shipped"] == ["br-numpy==1.26.4"]


def test_what_blender_as_a_module_requires(blender: Blender, site: Path) -> None:
    (site / "bpy" / "5.0").mkdir(parents=True)
    blender.bpy.app.module = True
    blender.bpy.utils.resource_path = lambda _kind: str(site / "bpy" / "5.0")
    requires = (
        "BR.Needed[x] (<2,>=1) ; python_version >= '3'",
        "br-any",
        "br-extra; extra == 'doc'",
    )
    put(site, "bpy", requires=requires)
    put(site, "br-needed", "3.0", requires=("br_deep>=7; sys_platform == 'linux'",))
    blender.set_site(site)
    page = blender.script.main({"rest": None, "seconds": 10})
    assert page["context"]["shipped"] == [
        "BR.Needed[x] (<2,>=1) ; python_version >= '3'",
        "br-any",
        "br_deep; sys_platform == 'linux'",
    ]
