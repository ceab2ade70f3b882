"""Builds and validates extensions in the Blender that runs this, by its own command."""

import contextlib
import hashlib
import io
import os
import re
import zipfile
from typing import Any

import tomllib
from bl_pkg import bl_extension_cli
from bl_pkg.cli import blender_ext


def ran(arguments: list[str], folder: str) -> dict[str, Any]:
    """`blender --command extension ARGUMENTS` in a folder: its exit code, and what it said."""
    said = io.StringIO()
    before = os.getcwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code: int | str = bl_extension_cli.cli_extension_handler(arguments)
    except Exception as error:
        code = repr(error)
    finally:
        os.chdir(before)
    return {"code": code, "said": said.getvalue()}


def faulty_fields(text: str) -> list[str]:
    """The fields that Blender finds at fault; `TOML` for what it can't read at all."""
    try:
        data = tomllib.loads(text)
    except Exception:
        return ["TOML"]
    errors = blender_ext.pkg_manifest_is_valid_or_error_all(data, from_repo=False, strict=True)
    names = (re.match(r'(?:missing |key )?"(\w+)"', error) for error in errors or ())
    return sorted({name[1] for name in names if name})


def matches(patterns: list[str], paths: list[str]) -> list[bool] | None:
    """Which paths the patterns match; None where Blender fails on them."""
    try:
        matcher = blender_ext.PathPatternMatch(patterns)
    except Exception:
        return None
    return [matcher.test_path(path) for path in paths]


def held(path: str) -> list[list[Any]] | None:
    """The names, sizes and hashes of what an archive holds; None where there is none."""
    if not os.path.exists(path):
        return None
    with zipfile.ZipFile(path) as archive:
        names = sorted(set(archive.namelist()))
        return [[n, archive.getinfo(n).file_size, digest(archive.read(n))] for n in names]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def answers(jobs: dict[str, Any]) -> dict[str, Any]:
    return {
        "runs": [ran(arguments, folder) for arguments, folder in jobs["runs"]],
        "manifests": [faulty_fields(text) for text in jobs["manifests"]],
        "patterns": [matches(patterns, paths) for patterns, paths in jobs["patterns"]],
        "archives": [held(path) for path in jobs["archives"]],
    }
