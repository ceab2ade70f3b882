"""Metadata as it comes to be broken: each kind is made in a folder, by name."""

import sys
from collections.abc import Callable
from pathlib import Path

HEAD = "Metadata-Version: 2.1\n"
GOOD = f"{HEAD}Name: brbad\nVersion: 1.0\n"
INFO = "brbad-1.0.dist-info"


def info(folder: Path, metadata: bytes | str | None, record: bytes | None = None) -> None:
    place = folder / INFO
    place.mkdir()
    if metadata is not None:
        text = metadata.encode() if isinstance(metadata, str) else metadata
        (place / "METADATA").write_bytes(text)
    if record is not None:
        (place / "RECORD").write_bytes(record)


def metadata_is_a_folder(folder: Path) -> None:
    (folder / INFO / "METADATA").mkdir(parents=True)


def egg_folder(folder: Path) -> None:
    (folder / "brbad-1.0.egg-info").mkdir()


# Each with what is said of it.
KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing in it": (lambda folder: info(folder, None), "METADATA is missing"),
    "empty": (lambda folder: info(folder, ""), "METADATA is empty"),
    "not UTF-8": (lambda folder: info(folder, GOOD.encode() + b"Author: \xff\n"), "isn't UTF-8"),
    "garbage": (lambda folder: info(folder, b"\x00\x01Name\x02: \xfe\xff" * 30), "isn't UTF-8"),
    "no name": (lambda folder: info(folder, f"{HEAD}Version: 1\n"), "has no valid Name"),
    "bad name": (lambda folder: info(folder, f"{HEAD}Name: ../x\nVersion: 1\n"), "valid Name"),
    "no version": (lambda folder: info(folder, f"{HEAD}Name: brbad\n"), "has no valid Version"),
    "a folder inside": (metadata_is_a_folder, "METADATA can't be read"),
    "a file": (lambda folder: (folder / INFO).write_text(GOOD), "a file, not a folder"),
    "leads nowhere": (lambda folder: (folder / INFO).symlink_to("/no/where"), "leads nowhere"),
    "leads to itself": (lambda folder: (folder / INFO).symlink_to(INFO), "leads nowhere"),
    "empty RECORD": (lambda folder: info(folder, GOOD, b""), "RECORD is empty"),
    "NUL in RECORD": (lambda folder: info(folder, GOOD, b"a\x00b,,\n"), "RECORD is damaged"),
    "binary RECORD": (lambda folder: info(folder, GOOD, b'"\xff\xfe,\n'), "RECORD isn't UTF-8"),
    "endless RECORD": (
        lambda folder: info(folder, GOOD, b'"' + b"x" * 200_000),
        "RECORD is damaged",
    ),
    "egg file": (
        lambda folder: (folder / "brbad-1.0.egg-info").write_bytes(b"\xff"),
        "isn't UTF-8",
    ),
    "egg folder": (egg_folder, "PKG-INFO is missing"),
    "left by pip": (
        lambda folder: (folder / "~rbad-1.0.dist-info").mkdir(),
        "pip that was interrupted",
    ),
}


def make(folder: Path, kind: str) -> str:
    """Make a broken one; gives what is said of it."""
    folder.mkdir(parents=True, exist_ok=True)
    maker, says = KINDS[kind]
    maker(folder)
    return says


if __name__ == "__main__":
    print(make(Path(sys.argv[1]), sys.argv[2]))
