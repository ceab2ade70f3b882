"""Imports all of pip, which tells whether it is whole: ``python -I -c TEXT``.

pip itself imports only what a command needs, and some of that late.
"""

import contextlib
import importlib
import importlib.metadata
import os
import pkgutil


def require_filled() -> None:
    """Require that no module of pip is empty that wasn't, as a crash of the system leaves it.

    Raises:
        ImportError: there is one.
    """
    files: list[importlib.metadata.PackagePath] = []
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        files = importlib.metadata.files("pip") or []
    for file in files:
        path = file.locate()
        was_filled = file.suffix == ".py" and bool(file.size)
        if was_filled and os.path.isfile(path) and os.stat(path).st_size == 0:
            raise ImportError(f"{path} is empty")


def main() -> None:
    """Import all modules of pip, and make all commands."""
    internal = importlib.import_module("pip._internal")
    for module in pkgutil.walk_packages(internal.__path__, "pip._internal."):
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            # One for other Pythons imports what this one doesn't have, such as distutils.
            if (error.name or "").partition(".")[0] == "pip":
                raise
    commands = importlib.import_module("pip._internal.commands")
    for name in commands.commands_dict:
        commands.create_command(name)
    require_filled()


if __name__ == "__main__":
    main()
