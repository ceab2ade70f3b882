"""Hashes of wheels, remembered where nobody but Blender's user writes."""

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import kept_hashes
import pytest
from systems import WINDOWS, posix_only
from upload_folder import identity_of

NAME = "numpy-1.0-py3-none-any.whl"
CONTENT = b"the wheel's bytes"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER = CONTENT[:-1] + b"?"
OTHER_SHA256 = hashlib.sha256(OTHER).hexdigest()
OLD_MEMORY = ".blender-remote-hashes.json"

Ask = Callable[[], str | None]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if sys.platform == "darwin":
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOCALAPPDATA" if WINDOWS else "XDG_CACHE_HOME", str(tmp_path / "cache"))
    return kept_hashes.cache_folder() / "hashes"


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_hashes, "YOUNGEST_SECONDS", -1)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / NAME).write_bytes(CONTENT)
    (folder / NAME).chmod(0o644)
    return folder


@pytest.fixture
def ask(load: Callable[[str], ModuleType], house: Path) -> Ask:
    script = load("wheelhouse")

    def hash_there() -> str | None:
        wheel = {"name": NAME, "size": len(CONTENT), "part": "x"}
        order = {"action": "prepare", "folder": str(house), "wheels": [wheel], "seconds": 60}
        return script.main(order)["hashes"][NAME]

    return hash_there


def is_remembered(house: Path) -> bool:
    kept = kept_hashes.KeptHashes(house)
    return kept.get(NAME, os.stat(house / NAME)) is not None


def lie(house: Path) -> str:
    """What somebody writes who wants the wheel to be taken for another one."""
    return json.dumps({NAME: [identity_of(os.stat(house / NAME)), OTHER_SHA256]})


def test_until_the_file_changes(ask: Ask, house: Path) -> None:
    assert ask() == SHA256
    assert is_remembered(house)
    assert os.listdir(house) == [NAME]
    (house / NAME).write_bytes(OTHER)
    os.utime(house / NAME, (1, 1))
    assert ask() == OTHER_SHA256


@posix_only("it has no other time that tells")
def test_another_file_with_the_same_size_and_time(ask: Ask, house: Path) -> None:
    ask()
    before = os.stat(house / NAME)
    (house / "new").write_bytes(OTHER)
    os.replace(house / "new", house / NAME)
    os.utime(house / NAME, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert ask() == OTHER_SHA256


@pytest.mark.parametrize("form", ["as it once was", "as it is"])
def test_what_stands_in_the_wheelhouse_is_not_believed(ask: Ask, house: Path, form: str) -> None:
    info = os.stat(house / NAME)
    entry = {"size": info.st_size, "mtime_ns": info.st_mtime_ns, "sha256": OTHER_SHA256}
    once = json.dumps({NAME: entry})
    (house / OLD_MEMORY).write_text(lie(house) if form == "as it is" else once)
    assert ask() == SHA256


def test_a_folder_under_two_names_is_one(ask: Ask, house: Path, tmp_path: Path) -> None:
    ask()
    (tmp_path / "link").symlink_to(house)
    assert is_remembered(tmp_path / "link")


@pytest.mark.parametrize("text", ["", "[]", '{"numpy', '{"%s": 5}', '{"%s": [1, 2]}', "[" * 9999])
def test_a_memory_that_is_damaged_is_none(ask: Ask, house: Path, text: str) -> None:
    ask()
    kept_hashes.memory_of(house).write_text(text.replace("%s", NAME))
    assert ask() == SHA256


@posix_only("it has no modes")
class TestOthers:
    def test_only_this_user_reads_them(self, ask: Ask, house: Path, cache: Path) -> None:
        before = os.umask(0)
        try:
            ask()
        finally:
            os.umask(before)
        folders = [cache, cache.parent, cache.parent.parent]
        assert [path.stat().st_mode & 0o777 for path in folders] == [0o700] * 3
        assert kept_hashes.memory_of(house).stat().st_mode & 0o777 == 0o600

    def test_a_folder_that_others_could_write_to(self, ask: Ask, house: Path, cache: Path) -> None:
        ask()
        kept_hashes.memory_of(house).write_text(lie(house))
        cache.chmod(0o777)
        assert ask() == SHA256
        assert cache.stat().st_mode & 0o777 == 0o700
        assert is_remembered(house)

    @pytest.mark.parametrize("kind", ["link", "writable", "foreign"])
    def test_a_memory_that_is_not_this_users(
        self, ask: Ask, house: Path, tmp_path: Path, kind: str
    ) -> None:
        ask()
        memory = kept_hashes.memory_of(house)
        memory.write_text(lie(house))
        if kind == "link":
            memory.rename(tmp_path / "theirs")
            memory.symlink_to(tmp_path / "theirs")
        elif kind == "writable":
            memory.chmod(0o622)
        else:
            if os.geteuid() != 0:
                pytest.skip("only root gives files away")
            os.chown(memory, 12345, 12345)
        assert ask() == SHA256

    @pytest.mark.parametrize("kind", ["link", "file", "foreign"])
    def test_a_folder_that_is_not_this_users(
        self, ask: Ask, house: Path, cache: Path, tmp_path: Path, kind: str
    ) -> None:
        cache.parent.mkdir(parents=True)
        if kind == "link":
            (tmp_path / "theirs").mkdir(0o700)
            cache.symlink_to(tmp_path / "theirs")
        elif kind == "file":
            cache.write_text("")
        else:
            if os.geteuid() != 0:
                pytest.skip("only root gives folders away")
            cache.mkdir(0o700)
            os.chown(cache, 12345, 12345)
        if kind != "file":
            kept_hashes.memory_of(house).write_text(lie(house))
        assert ask() == SHA256

    @pytest.mark.parametrize("mode", [0o664, 0o646])
    def test_a_wheel_that_others_may_write_to_is_hashed_each_time(
        self, ask: Ask, house: Path, mode: int
    ) -> None:
        (house / NAME).chmod(mode)
        assert ask() == SHA256
        assert not is_remembered(house)


def test_what_was_changed_just_now(ask: Ask, house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its times may be the same after the next change."""
    monkeypatch.setattr(kept_hashes, "YOUNGEST_SECONDS", 1000)
    assert ask() == SHA256
    assert not is_remembered(house)


@posix_only("it changes no file that is open")
def test_a_file_that_changes_while_it_is_read(
    ask: Ask, house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changing(*parts: Any) -> Any:
        (house / NAME).write_bytes(OTHER)
        return sha256(*parts)

    kept_hashes.memory_of(house)
    sha256 = hashlib.sha256
    with monkeypatch.context() as patch:
        kept = kept_hashes.KeptHashes(house)
        patch.setattr(hashlib, "sha256", changing)
        assert kept.of(NAME, os.stat(house / NAME)) == OTHER_SHA256
        kept.save()
    assert not is_remembered(house)
    assert ask() == OTHER_SHA256


def test_a_wheel_that_arrives(load: Callable[[str], ModuleType], house: Path) -> None:
    """It is remembered as the file that the service gave its name, and as no other."""
    identity = identity_of(os.stat(house / NAME))
    wheels = {
        NAME: {"identity": identity, "sha256": SHA256},
        "gone.whl": {"identity": identity, "sha256": SHA256},
    }
    order = {"action": "record", "folder": str(house), "wheels": wheels}
    load("wheelhouse").main(order)
    assert is_remembered(house)
    assert list(json.loads(kept_hashes.memory_of(house).read_bytes())) == [NAME]
    (house / "new").write_bytes(OTHER)
    os.replace(house / "new", house / NAME)
    load("wheelhouse").main(order)
    assert not is_remembered(house)
