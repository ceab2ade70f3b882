"""Files that come raw behind a request, into a part file and under their names when whole."""

import hashlib
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from bld_remote_mcp import part_file, upload
from bld_remote_mcp.upload_folder import UploadFolder, identity_of
from wire import Client, Gate, RunningServer, wait_until

NAME = "x-1.0-py3-none-any.whl"
SMALL = b'a wheel\'s bytes, {with} "what" a message has\\' * 100


@pytest.fixture(params=[1000, 8192])
def large(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> bytes:
    """Content of several blocks, which are made small for it, aligned and not."""
    monkeypatch.setattr(upload, "BLOCK_SIZE", request.param)
    monkeypatch.setattr(upload, "_FLUSH_EVERY", 5000)
    return random.Random(4).randbytes(123_456)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Transfer:
    """One file's way into a folder."""

    def __init__(self, folder: Path, content: bytes) -> None:
        self.part = folder / f".{NAME}.0123.part"
        self.target = folder / NAME
        self.content = content

    def request(self, offset: int = 0, **changes: object) -> bytes:
        size = len(self.content)
        lines = f"{self.part}\n{self.target}\n{size}\n{offset}"
        params = {
            "part": str(self.part),
            "target": str(self.target),
            "size": size,
            "offset": offset,
            "digest": sha256(lines.encode()),
        }
        return json.dumps({"type": "upload", "params": {**params, **changes}}).encode()

    def bytes_from(self, offset: int = 0) -> bytes:
        return self.content[offset:] + sha256(self.content).encode()

    @property
    def result(self) -> dict[str, object]:
        identity = identity_of(self.target.stat())
        return {"sha256": sha256(self.content), "size": len(self.content), "identity": identity}


def test_a_small_file_and_what_comes_behind_it(client: Client, tmp_path: Path) -> None:
    transfer = Transfer(tmp_path, SMALL)
    next_request = b'{"type": "status"}'
    client.socket.sendall(transfer.request() + transfer.bytes_from() + next_request)
    assert client.receive() == {"status": "success", "result": transfer.result}
    assert "queued" in client.receive()["result"]
    assert transfer.target.read_bytes() == SMALL
    assert os.listdir(tmp_path) == [NAME]


def test_many_blocks(client: Client, tmp_path: Path, large: bytes) -> None:
    transfer = Transfer(tmp_path, large)
    client.socket.sendall(transfer.request() + transfer.bytes_from())
    assert client.receive()["result"] == transfer.result
    assert transfer.target.read_bytes() == large


def test_an_empty_file(client: Client, tmp_path: Path) -> None:
    transfer = Transfer(tmp_path, b"")
    client.socket.sendall(transfer.request() + transfer.bytes_from())
    assert client.receive()["result"] == transfer.result
    assert transfer.target.read_bytes() == b""


def test_cut_anywhere(client: Client, tmp_path: Path) -> None:
    """In pieces of every size: of the request, the bytes and the hash."""
    transfer = Transfer(tmp_path, SMALL[:50])
    stream = transfer.request() + transfer.bytes_from()
    for size in (1, 2, 3, 7, 100):
        for at in range(0, len(stream), size):
            client.socket.sendall(stream[at : at + size])
        assert client.receive()["status"] == "success"
        assert transfer.target.read_bytes() == SMALL[:50]


@pytest.mark.parametrize("offset", [1, 1000, 1001, 8192, 100_000, 123_456])
def test_going_on_with_a_part(client: Client, tmp_path: Path, large: bytes, offset: int) -> None:
    transfer = Transfer(tmp_path, large)
    # What stands behind the offset is written anew.
    transfer.part.write_bytes(large[:offset] + b"wrong" * 10)
    client.socket.sendall(transfer.request(offset) + transfer.bytes_from(offset))
    assert client.receive()["result"] == transfer.result
    assert transfer.target.read_bytes() == large


def test_going_on_with_a_part_that_is_shorter(client: Client, tmp_path: Path) -> None:
    transfer = Transfer(tmp_path, SMALL)
    transfer.part.write_bytes(SMALL[:10])
    client.socket.sendall(transfer.request(11))
    assert "fewer than offset 11" in client.receive()["message"]
    assert client.is_closed()
    assert transfer.part.read_bytes() == SMALL[:10]


def test_another_file_of_that_name_stays_until_the_new_one_is_whole(
    client: Client, tmp_path: Path
) -> None:
    transfer = Transfer(tmp_path, SMALL)
    transfer.target.write_bytes(b"old")
    client.socket.sendall(transfer.request() + SMALL)
    client.socket.sendall(b"0" * 63)
    assert transfer.target.read_bytes() == b"old"
    client.socket.sendall(b"0")
    assert client.receive()["mismatch"]
    assert transfer.target.read_bytes() == b"old"


def test_another_file_of_that_name_is_replaced_by_a_whole_one(
    client: Client, tmp_path: Path
) -> None:
    transfer = Transfer(tmp_path, SMALL)
    transfer.target.write_bytes(b"old")
    client.socket.sendall(transfer.request() + transfer.bytes_from())
    assert client.receive()["result"] == transfer.result
    assert transfer.target.read_bytes() == SMALL


def test_every_flipped_bit_is_found(
    start: Callable[..., RunningServer], tmp_path: Path, large: bytes
) -> None:
    running = start()
    transfer = Transfer(tmp_path, large)
    chance = random.Random(7)
    for _ in range(20):
        stream = bytearray(transfer.bytes_from())
        stream[chance.randrange(len(stream))] ^= 1 << chance.randrange(8)
        with running.client() as client:
            client.socket.sendall(transfer.request() + stream)
            assert client.receive()["mismatch"]
            assert client.is_closed()
        assert not transfer.target.exists()
        assert transfer.part.exists()


@pytest.mark.parametrize("sent", [0, 1, 999, 1000, 60_000, 123_456, 123_456 + 63])
def test_a_client_that_goes(
    start: Callable[..., RunningServer], tmp_path: Path, large: bytes, sent: int
) -> None:
    running = start()
    transfer = Transfer(tmp_path, large)
    with running.client() as client:
        client.socket.sendall(transfer.request() + transfer.bytes_from()[:sent])
    wait_until(lambda: transfer.part.exists() and running.server.connections == 0)
    assert not transfer.target.exists()
    # All that arrived is there to go on with.
    assert transfer.part.read_bytes() == large[:sent]


def test_beside_a_busy_main_thread(
    start: Callable[..., RunningServer], tmp_path: Path, gate: Gate
) -> None:
    running = start()
    with running.client() as worker, running.client() as client:
        worker.send({"type": "execute_code", "params": {"code": "import gate\ngate.hold()"}})
        gate.wait_started()
        transfer = Transfer(tmp_path, SMALL)
        client.socket.sendall(transfer.request() + transfer.bytes_from())
        assert client.receive()["result"] == transfer.result
        call = json.dumps({"name": "s", "source": "def main(a): return a", "arguments": 5})
        answer = client.ask("run_script", call=call, digest=sha256(call.encode()))["result"]
        assert json.loads(answer["outcome"]) == {"value": 5}
        assert answer["digest"] == sha256(answer["outcome"].encode())


def test_a_part_that_another_one_writes_to(client: Client, tmp_path: Path) -> None:
    transfer = Transfer(tmp_path, SMALL)
    with part_file.open_part(str(transfer.part)):
        client.socket.sendall(transfer.request() + transfer.bytes_from())
        answer = client.receive()
    assert (answer["errno"], answer["path"]) == ("EBUSY", str(transfer.part))
    assert client.is_closed()


def test_errors_of_the_system(client: Client, tmp_path: Path) -> None:
    transfer = Transfer(tmp_path / "gone", SMALL)
    client.socket.sendall(transfer.request() + transfer.bytes_from())
    answer = client.receive()
    assert (answer["errno"], answer["path"]) == ("ENOENT", str(transfer.part))
    assert client.is_closed()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, which Linux has")
def test_a_full_disk_is_not_kept_full(
    client: Client, tmp_path: Path, large: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = Transfer(tmp_path, large)
    take = upload._Writer._take

    def take_some(writer: upload._Writer, block: memoryview) -> None:
        if transfer.part.stat().st_size > 10_000:
            with open("/dev/full", "wb", buffering=0) as full:
                full.write(block)
        take(writer, block)

    monkeypatch.setattr(upload._Writer, "_take", take_some)
    client.socket.sendall(transfer.request() + transfer.bytes_from())
    assert client.receive()["errno"] == "ENOSPC"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"part": "relative"}, "part must be an absolute path, not 'relative'"),
        ({"target": None}, "target must be an absolute path, not None"),
        ({"size": -1}, "size must be a number of bytes, not -1"),
        ({"size": True}, "size must be a number of bytes, not True"),
        ({"offset": "0"}, "offset must be a number of bytes, not '0'"),
        ({"target": "/another/place"}, "'place' isn't a wheel's name"),
        ({"size": 5}, "damaged"),
        ({"digest": None}, "damaged"),
    ],
)
def test_a_request_that_is_none(
    client: Client, tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    transfer = Transfer(tmp_path, SMALL)
    client.socket.sendall(transfer.request(**changes))
    assert said in client.receive()["message"]
    assert client.is_closed()
    assert os.listdir(tmp_path) == []


def test_beyond_the_end(client: Client, tmp_path: Path) -> None:
    transfer = Transfer(tmp_path, SMALL)
    client.socket.sendall(transfer.request(len(SMALL) + 1))
    assert "beyond size" in client.receive()["message"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"part": "/a\0b/.x-1.0-py3-none-any.whl.0.part"}, "NUL"),
        ({"target": "/a\0/x-1.0-py3-none-any.whl"}, "NUL"),
        ({"target": "/\ud800/x-1.0-py3-none-any.whl"}, "surrogate"),
        ({"size": 10**30}, "a number of bytes"),
        ({"size": 1.5}, "a number of bytes"),
        ({"offset": 1e300}, "a number of bytes"),
        ({"offset": -1}, "a number of bytes"),
        ({"target": "/etc/passwd"}, "isn't a wheel's name"),
        ({"part": "/etc/passwd"}, "isn't the name of a wheel's part"),
    ],
)
def test_hostile_params_get_an_answer(
    client: Client, tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    client.socket.sendall(Transfer(tmp_path, SMALL).request(**changes))
    assert said in client.receive()["message"]
    assert client.is_closed()
    assert os.listdir(tmp_path) == []


def test_more_than_the_disk_has_room_for(client: Client, tmp_path: Path) -> None:
    transfer = Transfer(tmp_path, SMALL)
    size = 1 << 60
    lines = f"{transfer.part}\n{transfer.target}\n{size}\n0"
    client.socket.sendall(transfer.request(size=size, digest=sha256(lines.encode())))
    assert client.receive()["errno"] == "ENOSPC"
    assert client.is_closed()
    assert os.listdir(tmp_path) == []


def test_a_part_that_is_swapped_gets_no_name(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = Transfer(tmp_path, SMALL)
    evil = tmp_path / "evil"
    evil.write_bytes(b"?" * len(SMALL))
    replace = UploadFolder.replace

    def racing(folder: UploadFolder, old: str, new: str) -> None:
        evil.replace(transfer.part)
        replace(folder, old, new)

    monkeypatch.setattr(UploadFolder, "replace", racing)
    client.socket.sendall(transfer.request() + transfer.bytes_from())
    assert client.receive().get("errno") == "EPERM"
    assert os.listdir(tmp_path) == []
