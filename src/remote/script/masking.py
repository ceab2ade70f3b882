"""Hides user names and passwords in URLs, before they leave Blender."""

import re


def masked(text: str) -> str:
    """Replace what stands before a URL's host by ``***``, in every URL of a text."""
    return re.sub(r"(://)[^/\s]+@", r"\1***@", text)
