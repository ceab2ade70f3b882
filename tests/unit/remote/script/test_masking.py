"""Passwords in URLs."""

import pytest
from masking import masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "at https://me:p%40ss@host/simple, file:///a@b",
            "at https://***@host/simple, file:///a@b",
        ),
        ("--index-url=http://token@host", "--index-url=http://***@host"),
        ("http://me:p@ss'w\"ord@host:80/a", "http://***@host:80/a"),
        ("a @ https://host/a.whl, me@host", "a @ https://host/a.whl, me@host"),
    ],
)
def test_what_stands_before_the_host_is_hidden(text: str, expected: str) -> None:
    assert masked(text) == expected
