"""Messages come out whole, however the stream is cut."""

import json

import pytest
from bld_remote_mcp.framing import FramingError, MessageBuffer
from bld_remote_mcp.limits import RequestLimits

MESSAGES = [
    {},
    {"type": "hello"},
    {"a": 'quote " and \\ and \\" and }{', "b": {"c": [{}, {"d": "}"}]}},
    {"unicode": "ü€😀\x00", "{": "key", '"': "\\\\"},
    {"ends in a backslash": "\\"},
]


def wire_bytes(ascii_only: bool) -> bytes:
    texts = (json.dumps(message, ensure_ascii=ascii_only) for message in MESSAGES)
    return " \r\n\t".join(texts).encode()


def drain(buffer: MessageBuffer) -> list[object]:
    found = []
    while (message := buffer.next_message()) is not None:
        found.append(json.loads(bytes(message)))
    return found


@pytest.mark.parametrize("ascii_only", [True, False])
def test_every_cut_into_two(ascii_only: bool) -> None:
    stream = wire_bytes(ascii_only)
    for cut in range(len(stream) + 1):
        buffer = MessageBuffer(RequestLimits(size=1000))
        found = []
        for part in (stream[:cut], stream[cut:]):
            buffer.feed(part)
            found += drain(buffer)
        assert found == MESSAGES, cut
        assert not buffer.pending


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pieces_of_one_size(size: int) -> None:
    stream = wire_bytes(False)
    buffer = MessageBuffer(RequestLimits(size=1000))
    found = []
    for at in range(0, len(stream), size):
        buffer.feed(stream[at : at + size])
        found += drain(buffer)
    assert found == MESSAGES


def test_more_escapes_than_one_match_takes() -> None:
    message = {"code": "\n" * 2500 + '"' * 999 + "\\" * 1001 + "}"}
    buffer = MessageBuffer(RequestLimits(size=100_000))
    buffer.feed(json.dumps(message).encode())
    assert drain(buffer) == [message]


def test_more_strings_than_one_match_takes() -> None:
    message = {"list": ["", "}", "{"] * 2500}
    buffer = MessageBuffer(RequestLimits(size=100_000))
    buffer.feed(json.dumps(message).encode())
    assert drain(buffer) == [message]


def test_a_big_message_in_small_pieces() -> None:
    message = {"code": "print('{\\n}')\n" * 500_000}
    stream = json.dumps(message).encode()
    assert len(stream) > 7_000_000
    buffer = MessageBuffer(RequestLimits(size=len(stream)))
    for at in range(0, len(stream), 4096):
        assert buffer.next_message() is None
        buffer.feed(stream[at : at + 4096])
    assert drain(buffer) == [message]


def test_whitespace_alone_is_no_message() -> None:
    buffer = MessageBuffer(RequestLimits(size=10))
    buffer.feed(b" \r\n\t")
    assert buffer.next_message() is None
    assert not buffer.pending


def test_what_is_no_object_is_an_error() -> None:
    buffer = MessageBuffer(RequestLimits(size=100))
    buffer.feed(b'{} [{"type": "hello"}]')
    assert buffer.next_message() == b"{}"
    with pytest.raises(FramingError, match=r"begins with b'\['"):
        buffer.next_message()


@pytest.mark.parametrize(
    "stream", [b'{"a": "0123456789', b'{"a": "0123456789"}', b'{"a": {{{{{{{{{{{']
)
def test_a_message_over_the_limit(stream: bytes) -> None:
    buffer = MessageBuffer(RequestLimits(size=12))
    buffer.feed(stream)
    with pytest.raises(FramingError, match="more than 12 bytes"):
        buffer.next_message()


def test_the_limit_is_for_each_message() -> None:
    buffer = MessageBuffer(RequestLimits(size=12))
    buffer.feed(b'{"a": "012"}' * 3)
    assert drain(buffer) == [{"a": "012"}] * 3


@pytest.mark.parametrize(
    ("stream", "says"),
    [
        (b'{"a": [' + b"1," * 11, "more than 10 values"),
        (b'{"a": [' + b'"",' * 11, "more than 10 values"),
        (b'{"a": ["' + (b"." * 200 + b'","') * 11, "more than 10 values"),
        (b'{"a": {' + b'"b":1,' * 6, "more than 10 values"),
        (b"{" + b'""' * 12, "more than 10 values"),
        (b"{" + b":" * 11, "more than 10 values"),
        (b'{"a":' + b"[]," * 6, "more than 10 values"),
        (b'{"a":' * 6, "nested more than 5 deep"),
        (b'{"a":' + b"[" * 5, "nested more than 5 deep"),
        (b'{"a": "' + rb"\n" * 21, "more than 20 escapes"),
        (b'{"a": "' + rb"\n" * 19 + b'", "b": "' + rb"\\" * 2, "more than 20 escapes"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_what_would_take_long_to_read(stream: bytes, says: str, size: int) -> None:
    buffer = MessageBuffer(RequestLimits(values=10, depth=5, escapes=20))
    with pytest.raises(FramingError, match=says):
        for at in range(0, len(stream), size):
            buffer.feed(stream[at : at + size])
            assert buffer.next_message() is None


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_what_stands_in_strings_does_not_count(size: int) -> None:
    message = {"code": ",,,:::[[[{{{" * 5, "[[{,": ["]", "}}", "\n" * 20], ",": 1}
    stream = json.dumps(message).encode()
    buffer = MessageBuffer(RequestLimits(values=10, depth=2, escapes=20))
    for _ in range(3):
        found = []
        for at in range(0, len(stream), size):
            buffer.feed(stream[at : at + size])
            found += drain(buffer)
        assert found == [message]


@pytest.mark.parametrize("rest", [b"", b'  {"a": 1}{"b"'])
def test_what_comes_after_a_large_message_stays(rest: bytes) -> None:
    message = {"code": "x" * 3_000_000}
    buffer = MessageBuffer(RequestLimits())
    stream = b" \n" + json.dumps(message).encode() + rest
    for at in range(0, len(stream), 1 << 20):
        buffer.feed(stream[at : at + (1 << 20)])
        buffer.next_message() if at == 0 else None
    assert drain(buffer) == [message, *([{"a": 1}] if rest else [])]
    block = memoryview(bytearray(10))
    assert bytes(block[: buffer.take_into(block)]) == rest[-4:]
    assert len(buffer) == 0


def test_many_small_messages_that_come_at_once() -> None:
    buffer = MessageBuffer(RequestLimits())
    buffer.feed(b'{"a":1}' * 200_000)
    assert len(drain(buffer)) == 200_000
