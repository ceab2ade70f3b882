"""The one form of a package's name."""

import re


def normalized(name: str) -> str:
    """Give a name in the form of PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()
