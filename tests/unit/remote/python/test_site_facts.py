"""Where packages can go."""

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from systems import WINDOWS


class TestFolders:
    def test_writable_leaves_nothing_behind(self, site_facts: Any, tmp_path: Path) -> None:
        assert site_facts.write_error(str(tmp_path)) is None
        assert list(tmp_path.iterdir()) == []

    def test_missing_folder_is_tried_in_the_nearest_above(
        self, site_facts: Any, tmp_path: Path
    ) -> None:
        facts = site_facts.folder_facts(str(tmp_path / "a" / "b"))
        assert (facts["exists"], facts["writable"], facts["on_path"]) == (False, True, False)
        assert list(tmp_path.iterdir()) == []

    def test_a_file_in_the_way(self, site_facts: Any, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        # Windows' word for it.
        why = os.strerror(errno.ENOENT if WINDOWS else errno.ENOTDIR)
        assert site_facts.write_error(str(tmp_path / "file" / "sub")) == why

    def test_a_dangling_link_is_not_stepped_over(self, site_facts: Any, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "absent" / "target")
        assert site_facts.write_error(str(tmp_path / "link")) == "No such file or directory"

    def test_not_writable(
        self, site_facts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
        facts = site_facts.folder_facts(str(tmp_path))
        assert (facts["writable"], facts["error"]) == (False, "Permission denied")

    def test_externally_managed(
        self, site_facts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(site_facts.sysconfig, "get_path", lambda _name: str(tmp_path))
        monkeypatch.setattr(sys, "base_prefix", sys.prefix)
        assert site_facts.externally_managed() is None
        marker = tmp_path / "EXTERNALLY-MANAGED"
        marker.touch()
        assert site_facts.externally_managed() == str(marker)
        monkeypatch.setattr(sys, "prefix", "/a/virtual/environment")
        assert site_facts.externally_managed() is None
