"""The folders of Blender's Python."""

import os
import sys
from pathlib import Path

import pytest
import python_folders


def test_site_folders_are_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tmp_path / "site"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    monkeypatch.setattr(python_folders.sysconfig, "get_path", lambda _name: str(real))
    monkeypatch.setattr(
        python_folders.site, "getsitepackages", lambda: [str(tmp_path / "link"), "/other"]
    )
    assert python_folders.site_folders() == [str(real), "/other"]


def test_pythons_own_folder_is_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows' `site` names it: all of the standard library would count as installed there."""
    monkeypatch.setattr(python_folders.site, "getsitepackages", lambda: [sys.prefix, "/other"])
    assert sys.prefix not in python_folders.site_folders()
    assert "/other" in python_folders.site_folders()


def test_one_place_by_two_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    link, real = str(tmp_path / "link"), str(tmp_path / "real")
    assert python_folders.same_path(link, real)
    assert not python_folders.same_path(link, str(tmp_path))
    assert python_folders.each_once([link, "/other", real]) == [link, "/other"]


def test_inside() -> None:
    assert python_folders.is_inside(os.path.join("/a", "b"), ["/x", "/a"])
    assert python_folders.is_inside("/a", ["/a"])
    assert not python_folders.is_inside("/ab", ["/a"])
    root = python_folders.real(os.sep)
    assert python_folders.is_inside(python_folders.real("/a"), [root])
