"""The service's token: its file, who may read that, and which given ones are taken."""

import os
import re
import stat
import sys
from pathlib import Path

import pytest
from bld_remote_mcp import token_file
from bld_remote_mcp.token_file import (
    TokenFile,
    TokenFileError,
    given_token,
    new_token,
    state_folder,
    token_names,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes and no pipes")
TOKEN = "t" * 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "tokens"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_tokens_are_long_and_each_another() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in tokens)


def test_services_on_one_port_of_several_addresses_have_a_file_each() -> None:
    assert token_names("127.0.0.1", 7000) == ["7000"]
    assert token_names("127.0.0.2", 7000) == ["7000@127.0.0.2"]
    # Windows takes a colon for the name of a stream.
    assert token_names("::1", 7000) == ["7000@__1"]
    assert token_names("fe80::1%eth0", 7000) == ["7000@fe80__1_eth0"]
    assert token_names("0.0.0.0", 7000) == token_names("::", 7000) == ["7000", "7000@all"]


def test_only_its_owner_may_read_it(folder: Path) -> None:
    before = os.umask(0)
    try:
        kept = TokenFile(str(folder), "7000")
        kept.write(TOKEN)
    finally:
        os.umask(before)
    path = folder / "7000"
    assert path.read_text() == TOKEN
    assert given_token(str(path)) == TOKEN
    if sys.platform != "win32":
        assert mode(path) == 0o600
        assert mode(folder) == 0o700
    assert [each.name for each in folder.iterdir()] == ["7000"]
    kept.remove()
    assert list(folder.iterdir()) == []


@posix
def test_a_folder_that_others_could_enter_is_closed(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    TokenFile(str(folder), "7000").write(TOKEN)
    assert mode(folder) == 0o700


@posix
def test_what_lies_in_its_place_is_replaced_and_not_followed(folder: Path, tmp_path: Path) -> None:
    folder.mkdir(parents=True)
    other = tmp_path / "other"
    other.write_text("mine")
    (folder / "7000").symlink_to(other)
    TokenFile(str(folder), "7000").write(TOKEN)
    assert other.read_text() == "mine"
    assert not (folder / "7000").is_symlink()


@posix
def test_a_folder_that_is_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    folder.parent.mkdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(TokenFileError, match="no folder of this user's own"):
        TokenFile(str(folder), "7000").write(TOKEN)
    assert not (tmp_path / "7000").exists()


def test_a_folder_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TokenFileError, match="can't keep the token in ") as caught:
        TokenFile(str(tmp_path / "file" / "tokens"), "7000").write(TOKEN)
    assert TOKEN not in str(caught.value)


def test_another_services_token_is_left(folder: Path) -> None:
    first, second = TokenFile(str(folder), "7000"), TokenFile(str(folder), "7000")
    first.write(TOKEN)
    second.write("u" * 40)
    first.remove()
    assert (folder / "7000").read_text() == "u" * 40
    second.remove()
    second.remove()
    assert not (folder / "7000").exists()


@posix
def test_a_forked_child_removes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = TokenFile(str(folder), "7000")
    kept.write(TOKEN)
    with monkeypatch.context() as child:
        child.setattr(token_file.os, "getpid", lambda: -1)
        kept.remove()
    assert (folder / "7000").exists()


def test_a_stale_one_goes(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "7000").write_text("left by a Blender that was killed")
    TokenFile(str(folder), "7000").remove_stale()
    TokenFile(str(folder), "7000").remove_stale()
    assert list(folder.iterdir()) == []


@pytest.fixture
def given(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    path.chmod(0o600)
    return path


def test_a_given_one(given: Path) -> None:
    assert given_token(str(given)) == TOKEN
    given.write_bytes(b"~!" * 512 + b"\r\n")
    assert given_token(str(given)) == "~!" * 512


@posix
@pytest.mark.parametrize("wrong", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666])
def test_one_that_others_may_use(given: Path, wrong: int) -> None:
    given.chmod(wrong)
    with pytest.raises(TokenFileError, match=rf"others may use it \(mode {wrong:04o}\); chmod 600"):
        given_token(str(given))


@posix
def test_one_of_another_user(given: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = given.stat().st_uid
    if owner == 0:
        os.chown(given, 12345, -1)
        match = "belongs to another user .uid 12345"
    else:
        monkeypatch.setattr(token_file.os, "geteuid", lambda: owner + 1)
        match = "belongs to another user"
    with pytest.raises(TokenFileError, match=match):
        given_token(str(given))


@posix
def test_a_link_a_folder_a_pipe_and_a_device(given: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(given)
    with pytest.raises(TokenFileError, match="can't be read"):
        given_token(str(link))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for path in (pipe, tmp_path, Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(TokenFileError, match="no regular file"):
            given_token(str(path))
    with pytest.raises(TokenFileError, match="can't be read: No such file"):
        given_token(str(tmp_path / "missing"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"t" * 31,
        b"t" * 1025,
        b"t" * 5_000_000,
        b"t" * 40 + b" x",
        b"t" * 40 + b"\nx",
        b"t" * 40 + b"\0",
        "ü".encode() * 40,
    ],
)
def test_what_is_no_token(given: Path, content: bytes) -> None:
    given.write_bytes(content)
    with pytest.raises(TokenFileError, match="must be one line of 32 to 1024") as caught:
        given_token(str(given))
    assert "tttt" not in str(caught.value).replace(str(given), "")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux' own folders")
def test_where_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    usual = "/home/somebody/.local/state/blender-remote-cli/tokens"
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert state_folder() == usual
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert state_folder() == usual
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert state_folder() == "/state/blender-remote-cli/tokens"
