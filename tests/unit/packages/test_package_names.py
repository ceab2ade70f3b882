"""The one form of a package's name."""

import package_names


def test_normalized() -> None:
    assert package_names.normalized("Zope.Interface") == "zope-interface"
    assert package_names.normalized("a-_-b") == "a-b"
