"""Writes zips as Python's zipfile, Windows' Explorer and macOS' Finder write them.

On stdin: a JSON list of archives, each with its `path`, its `writer`, and its `entries`: a name and
`text`, `base64`, `link` (where it leads) or nothing (a folder), and perhaps a Unix `mode`.
"""

import base64
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import IO, Any

METHODS = {
    "python stored": zipfile.ZIP_STORED,
    "python bzip2": zipfile.ZIP_BZIP2,
    "python lzma": zipfile.ZIP_LZMA,
}


class Named(zipfile.ZipInfo):
    """An entry whose name may be written in another encoding, of which nothing is said."""

    encoding = ""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 (overrides zipfile's)
        if self.encoding == "":
            return super()._encodeFilenameFlags()  # type: ignore[misc]
        return self.filename.encode(self.encoding), self.flag_bits & ~0x800


class Unseekable(io.RawIOBase):
    """A pipe: what is written to it has sizes and checksums behind the data (data descriptors)."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self.file.write(data)


def content_of(entry: dict[str, Any]) -> bytes:
    if "base64" in entry:
        return base64.b64decode(entry["base64"])
    return str(entry.get("link", entry.get("text", ""))).encode()


def add(archive: zipfile.ZipFile, entry: dict[str, Any], writer: str) -> None:
    name = entry["name"]
    info = Named("x", (2026, 11, 26, 12, 0, 0))
    info.filename = name.replace("/", "\\") if writer == "old windows" else name
    info.compress_type = METHODS.get(writer, zipfile.ZIP_DEFLATED)
    if writer in ("explorer", "old windows"):
        info.create_system = 0
        info.encoding = "cp437"
        info.external_attr = 0x10 if name.endswith("/") else 0x20
    else:
        info.create_system = 3
        kind = 0o120777 if "link" in entry else 0o40755 if name.endswith("/") else 0o100644
        info.external_attr = entry.get("mode", kind) << 16
        if writer == "finder":
            info.encoding = "utf-8"
    with archive.open(info, "w", force_zip64=writer == "python zip64") as file:
        file.write(content_of(entry))


def finders(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With what Finder adds: folders, its own files, and a twin of each with its attributes."""
    folders = dict.fromkeys(
        f"{'/'.join(parts[:depth])}/"
        for parts in (entry["name"].split("/") for entry in entries)
        for depth in range(1, len(parts))
    )
    twins = [
        {"name": f"__MACOSX/{folder}{slash}._{file}", "text": "\0\5\26\7"}
        for folder, slash, file in (entry["name"].rpartition("/") for entry in entries)
    ]
    stores = [{"name": f"{folder}.DS_Store", "text": "\0\0\0\1Bud1"} for folder in folders]
    return [*({"name": folder} for folder in folders), *entries, *stores, *twins]


def main() -> None:
    for made in json.load(sys.stdin):
        writer = made["writer"]
        entries = finders(made["entries"]) if writer == "finder" else made["entries"]
        with open(made["path"], "wb") as file:
            streamed = writer in ("python streamed", "finder")
            target: Any = Unseekable(file) if streamed else file
            with zipfile.ZipFile(target, "w", allowZip64=True) as archive:
                for entry in entries:
                    add(archive, entry, writer)
                archive.comment = made.get("comment", "").encode()
        Path(made["path"]).chmod(0o644)


main()
