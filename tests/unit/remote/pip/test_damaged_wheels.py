"""Wheels whose bytes are wrong, among others."""

import zipfile
from pathlib import Path

import damaged_wheels


def wheel(file: Path) -> bytes:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.py", b"".join(b"%d " % number for number in range(2000)))
        archive.writestr("two.py", b"2")
    return file.read_bytes()


def test_the_damaged_ones_are_found(tmp_path: Path) -> None:
    whole = wheel(tmp_path / "whole.whl")
    for name, at, instead in [("flipped", 90, b"\xff" * 30), ("header", 0, b"XX")]:
        other = whole[:at] + instead + whole[at + len(instead) :]
        (tmp_path / f"{name}.whl").write_bytes(other)
    (tmp_path / "cut.whl").write_bytes(whole[:300])
    names = [f"{name}.whl" for name in ("whole", "flipped", "header", "cut", "absent")]
    found = damaged_wheels.main({"folder": str(tmp_path), "names": names})
    assert damaged_wheels.main({"folder": str(tmp_path), "names": None}) == ["cut.whl"]
    assert found == ["flipped.whl", "header.whl", "cut.whl"]
