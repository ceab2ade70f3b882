"""What a Python interpreter says of itself, outside of Blender.

``interpreter_search.py`` starts the interpreter with this text on standard input:
``python -I -X utf8 - MODE``. Each mode prints one JSON value.
"""

import glob
import importlib.util
import json
import os
import sys
import sysconfig
from typing import TypedDict


class Identity(TypedDict):
    """What tells two installations of Python apart."""

    version: list[int]
    cache_tag: str | None
    abiflags: str
    prefix: str
    base_prefix: str


class WheelSupport(TypedDict):
    """Wheel tags and whose library gave them, or why there are none."""

    tags: list[str] | None
    source: str | None
    error: str | None
    ensurepip: bool


def identity() -> Identity:
    """Give what tells two installations of Python apart."""
    return {
        "version": list(sys.version_info[:3]),
        "cache_tag": sys.implementation.cache_tag,
        "abiflags": getattr(sys, "abiflags", ""),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
    }


def ensurepip_wheels() -> list[str]:
    """Give the pip wheels that ensurepip would install; none where Python has no ensurepip.

    Distributions keep them elsewhere, in the folder that ``WHEEL_PKG_DIR`` names.
    """
    spec = importlib.util.find_spec("ensurepip")
    if spec is None or spec.origin is None:
        return []
    folders = [
        sysconfig.get_config_var("WHEEL_PKG_DIR"),
        os.path.join(os.path.dirname(spec.origin), "_bundled"),
    ]
    return [
        wheel
        for folder in folders
        if folder
        for wheel in sorted(glob.glob(os.path.join(glob.escape(folder), "pip-*.whl")))
    ]


def supported_tags() -> tuple[list[str], str]:
    """Give the wheel tags that this interpreter takes, best first, and who computed them.

    They are those of the library ``packaging`` (PEP 425), of which pip carries a copy.
    """
    try:
        from pip._vendor.packaging import tags

        source = "pip"
    except ImportError:
        try:
            from packaging import tags

            source = "packaging"
        except ImportError:
            wheels = ensurepip_wheels()
            if not wheels:
                raise
            # A pip that is installed but broken may have left its package behind.
            for name in [name for name in sys.modules if name.split(".")[0] == "pip"]:
                del sys.modules[name]
            sys.path.insert(0, wheels[-1])
            from pip._vendor.packaging import tags

            source = "ensurepip"
    return [str(tag) for tag in tags.sys_tags()], source


def wheel_support() -> WheelSupport:
    """Give the wheel tags, or why there are none, and whether ensurepip could install pip."""
    answer: WheelSupport = {
        "tags": None,
        "source": None,
        "error": None,
        "ensurepip": bool(ensurepip_wheels()),
    }
    try:
        answer["tags"], answer["source"] = supported_tags()
    # Whatever a damaged pip raises: the rest of the answer is still worth having.
    except Exception as error:
        answer["error"] = (
            "wheel tags come from pip, packaging or ensurepip, and none of them is usable: "
            f"{type(error).__name__}: {error}"
        )
    return answer


def main(argv: list[str]) -> None:
    """Print the answer for ``argv``, which is a mode."""
    value = identity() if argv[0] == "identity" else wheel_support()
    sys.stdout.write(json.dumps(value))


if __name__ == "__main__":
    main(sys.argv[1:])
