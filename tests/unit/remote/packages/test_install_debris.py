"""What an install that was ended leaves."""

from pathlib import Path

from installed_files import put
from seen_packages import Blender


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
