"""Reads TOML: Python 3.11 and newer, which every Blender with extensions has."""

from typing import BinaryIO

def load(fp: BinaryIO, /) -> dict[str, object]: ...
