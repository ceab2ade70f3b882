"""What an install that was ended leaves."""

import os
import shutil
from pathlib import Path

import pytest
import site_lock
from installed_files import put
from seen_packages import Blender


def test_what_is_left_of_an_install_that_was_ended(blender: Blender, site: Path) -> None:
    put(site, "br-whole", files={"br_whole/__init__.py": "", "br_shared.py": ""})
    (site / "without_a_package.py").write_text("")
    half = put(site, "br-half", files={"br_half/__init__.py": ""})
    (half / "INSTALLER").unlink()
    (site / site_lock.NAME).touch()
    cut_off = put(site, "br-cut", files={"br_cut/__init__.py": ""})
    rows = (cut_off / "RECORD").read_text().splitlines()
    (cut_off / "RECORD").write_text("\n".join(row for row in rows if "INSTALLER" not in row))
    for name in ("~r_gone", "~r_gone-1.0.dist-info", "br_new", "__pycache__"):
        (site / name).mkdir()
    seconds = 60
    found = blender.script.main({"folders": [str(site), "/no/such"], "seconds": seconds})["debris"]
    names = [
        "br_cut",
        "br_cut-1.0.dist-info",
        "br_half",
        "br_half-1.0.dist-info",
        "br_new",
        "without_a_package.py",
    ]
    expected = [*names, "~r_gone", "~r_gone-1.0.dist-info"]
    assert found == [str(site / name) for name in expected]
    # Nothing is newer than a moment that hasn't come yet.
    assert blender.script.main({"folders": [str(site)], "seconds": -60})["debris"] == []


@pytest.fixture
def set_aside(blender: Blender, site: Path) -> Path:
    """What a pip has set aside."""
    blender.set_site(site)
    put(site, "br-big", files={"br_big/__init__.py": ""})
    (site / "~r_big").mkdir()
    return site / "~r_big"


def remove(blender: Blender, path: Path) -> dict[str, object]:
    return blender.script.main({"remove": [str(path)]})


NOTHING: "dict[str, object]" = {
    "restored": [],
    "removed": [],
    "failed": [],
    "busy": None,
}


def test_what_a_pip_of_another_blender_has_set_aside(
    blender: Blender, site: Path, set_aside: Path
) -> None:
    other = site_lock.take(str(site))
    assert other is not None
    assert remove(blender, set_aside) == {**NOTHING, "busy": str(site)}
    other()
    assert remove(blender, set_aside) == {**NOTHING, "removed": [str(set_aside)]}
    assert sorted(os.listdir(site)) == ["br_big", "br_big-1.0.dist-info"]


@pytest.mark.parametrize(
    ("aside", "is_back"),
    [
        # A pip that was ended after its first step, or after all of them.
        ([], True),
        (["br_big"], True),
        (["br_big", "br_more"], True),
        # Something of it is gone.
        (["br_big", "gone"], False),
    ],
)
def test_a_package_that_a_pip_began_to_remove(
    blender: Blender, site: Path, aside: list[str], is_back: bool
) -> None:
    blender.set_site(site)
    put(site, "br-other")
    files = {"br_big/a.py": "a", "br_more/b.py": "b", "../../bin/br": ""}
    info = put(site, "br-big", files=files)
    info.rename(site / "~r_big-1.0.dist-info")
    for name in aside:
        if name == "gone":
            shutil.rmtree(site / "br_more")
        else:
            (site / name).rename(site / f"~{name[1:]}")
    left = [site / "~r_big-1.0.dist-info", *site.glob("~r_*[!o]")]
    paths = sorted({str(path) for path in left})
    answer = blender.script.main({"remove": paths})
    restored = [f"br-big 1.0 in {site}"] if is_back else []
    assert (answer["restored"], answer["removed"]) == (restored, [] if is_back else paths)
    assert not list(site.glob("~*"))
    assert ((site / "br_big" / "a.py").exists(), info.exists()) == (is_back, is_back)


def test_what_has_come_instead_stays(blender: Blender, site: Path) -> None:
    blender.set_site(site)
    put(site, "br-big", files={"br_big/a.py": "a"}).rename(site / "~r_big-1.0.dist-info")
    (site / "br_big").rename(site / "~r_big")
    put(site, "br-big", "2.0", files={"br_big/a.py": "new"})
    paths = [str(site / "~r_big"), str(site / "~r_big-1.0.dist-info")]
    answer = blender.script.main({"remove": paths})
    assert (answer["restored"], answer["removed"]) == ([], paths)
    assert (site / "br_big" / "a.py").read_text() == "new"


def test_the_lock_is_held_while_it_is_removed(
    blender: Blender, site: Path, set_aside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    module = blender.module("install_debris")
    monkeypatch.setattr(module.shutil, "rmtree", lambda _: seen.append(site_lock.is_taken(site)))
    remove(blender, set_aside)
    assert seen == [True]
    assert not (site / site_lock.NAME).exists()
