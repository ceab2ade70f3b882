"""Removes metadata of other pips than the one that is there: ``python -I -c TEXT``.

A pip that was installed over one without a list of its files leaves that one's metadata, by which
it would be taken for that one. What a system's package manager has put there is left to it.
"""

import importlib
import shutil
import sysconfig
from pathlib import Path


def remove_remains(site: Path, version: str) -> None:
    """Remove what is left of pips of other versions that have no list of their files."""
    for folder in site.glob("pip-*.dist-info"):
        installer = folder / "INSTALLER"
        of_pip = not installer.exists() or installer.read_text().strip() == "pip"
        listed = (folder / "RECORD").exists()
        if folder.name != f"pip-{version}.dist-info" and of_pip and not listed:
            shutil.rmtree(folder)


def main() -> None:
    """Look where Python keeps its packages."""
    version = importlib.import_module("pip").__version__
    remove_remains(Path(sysconfig.get_path("purelib")), version)


if __name__ == "__main__":
    main()
