"""What a request may not hold is found wherever it stands."""

import json

import pytest
from bld_remote_mcp.request_text import read_request
from wire import Client


@pytest.mark.parametrize(
    "request_text",
    [
        "{}",
        '{"type": "a", "params": {"a": "\\ud83d\\ude00", "\\uD83D\\uDE00": ["\\\\ud800"]}}',
        '{"a": [1.5e300, -0.0, 12345678901234567890, null, true, {"a": {"a": 1}}]}',
        '{"a": "ä\\u0000😀"}',
    ],
)
def test_what_is_right_comes_as_it_is(request_text: str) -> None:
    assert read_request(request_text.encode()) == (json.loads(request_text), None)


@pytest.mark.parametrize(
    ("request_text", "says"),
    [
        ('{"params": {"name": "\\ud800"}}', "params.name has half of a surrogate pair"),
        ('{"params": {"a": [1, ["x\\uDFFFy"]]}}', "params.a[1][0] has half of a surrogate pair"),
        ('{"params": {"\\udc00": 1}}', "the name '\\udc00' has half of a surrogate pair"),
        ('{"type": "\\ud83d"}', "type has half of a surrogate pair"),
        ('{"message": "\\ude00\\ud83d"}', "message has half of a surrogate pair"),
        ('{"params": {"a": NaN}}', "NaN is no number in JSON"),
        ('{"params": {"a": -Infinity}}', "-Infinity is no number in JSON"),
        ('{"params": {"a": 1e999}}', "the number 1e999 is too large"),
        ('{"params": {"a": ' + "9" * 400 + ".0}}", f"the number {'9' * 40} is too large"),
        ('{"params": {"a": ' + "9" * 100_000 + "}}", f"the number {'9' * 40}… has more than 1000"),
        ('{"params": {"a": -0.' + "9" * 100_000 + "}}", f"the number -0.{'9' * 37}… has more than"),
        ('{"type": "a", "b": 1, "type": "c"}', "an object has two values of the name 'type'"),
        ('{"params": [{"a": {}, "a": {}}]}', "an object has two values of the name 'a'"),
    ],
)
def test_what_is_wrong(client: Client, request_text: str, says: str) -> None:
    for start in ("", '{"type": "hello"}'):
        client.socket.sendall((start + request_text).encode())
        if start:
            assert client.receive()["status"] == "success"
        answer = client.receive()
        assert answer["status"] == "error"
        assert answer["message"].startswith(f"the request can't be carried out: {says}")
    # The connection goes on.
    assert client.ask("hello")["status"] == "success"


def test_where_a_file_would_follow_the_connection_ends(client: Client) -> None:
    client.socket.sendall(b'{"type": "upload", "params": {"part": "/\\ud800", "size": 3}}abc')
    assert "params.part has half" in client.receive()["message"]
    assert client.is_closed()


@pytest.mark.parametrize("opened", ['{"a": ', '{"a": ['])
def test_what_is_nested_too_deep_ends_the_connection(client: Client, opened: str) -> None:
    closed = "]}" if opened.endswith("[") else "}"
    client.socket.sendall((opened * 100_000 + "1" + closed * 100_000).encode())
    assert client.receive()["message"].startswith(
        "the request can't be read: the request is nested"
    )
    assert client.is_closed()


def test_half_a_pair_where_one_search_ends_and_the_next_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = b'{"a": "....\\ud800"}'
    for step in range(1, len(text) + 1):
        monkeypatch.setattr("bld_remote_mcp.request_text._SEARCH_STEP", step)
        assert read_request(text)[1] is not None, step
