"""Who else can change what is in a folder."""

import os
from pathlib import Path

import exposure
import pytest
from systems import posix_only

pytestmark = posix_only("it has no modes")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_mode & 0o022 and not path.stat().st_mode & 0o1000:
            pytest.skip(f"{path} can be written to by others")
    folder = tmp_path / "home" / "wheels"
    folder.mkdir(parents=True)
    for path in (folder, folder.parent):
        path.chmod(0o755)
    return folder


def test_nobody_else(house: Path) -> None:
    assert exposure.exposure(house) is None


@pytest.mark.parametrize(
    ("mode", "who"), [(0o775, "group"), (0o757, "everybody"), (0o1777, "everybody")]
)
def test_the_folder_itself(house: Path, mode: int, who: str) -> None:
    house.chmod(mode)
    assert exposure.exposure(house) == {"path": str(house), "who": who}


def test_a_folder_that_it_is_in(house: Path) -> None:
    house.parent.chmod(0o777)
    assert exposure.exposure(house) == {"path": str(house.parent), "who": "everybody"}
    # In such a one nobody can move what is another's.
    house.parent.chmod(0o1777)
    assert exposure.exposure(house) is None


def test_another_users(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives folders away")
    os.chown(house.parent, 12345, 12345)
    assert exposure.exposure(house) == {"path": str(house.parent), "who": "owner"}
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert exposure.exposure(house) is None


def test_a_link_that_others_can_turn(house: Path, tmp_path: Path) -> None:
    loose = tmp_path / "loose"
    loose.mkdir()
    loose.chmod(0o777)
    (loose / "link").symlink_to(house)
    assert exposure.exposure(loose / "link") == {"path": str(loose), "who": "everybody"}
