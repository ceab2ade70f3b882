"""Writes zips as Python packs them: a member by bzip2 and by LZMA."""

import bz2
import random
import sys
import zipfile
from pathlib import Path

folder = Path(sys.argv[1])
noise = random.Random(14).randbytes(300_000)
text = b"".join(b"line %d\n" % number for number in range(60_000))
contents = {"empty": b"", "one": b"x", "text": text, "noise": noise, "zeros": bytes(3_000_000)}
for name, method in {"bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}.items():
    with zipfile.ZipFile(folder / f"{name}.zip", "w", method) as archive:
        for member, content in contents.items():
            archive.writestr(member, content)
for member, content in contents.items():
    (folder / member).write_bytes(content)

# A stream of bzip2 whose many blocks have one byte each: they cost more than what comes of them.
COUNT = 400
END = f"{0x177245385090:048b}"
whole = "".join(f"{byte:08b}" for byte in bz2.compress(b"a"))
block = whole[32 : whole.index(END)]
total = 0
for _ in range(COUNT):
    total = (total << 1 | total >> 31) & 0xFFFFFFFF ^ int(block[48:80], 2)
stream = whole[:32] + block * COUNT + END + f"{total:032b}"
stream += "0" * (-len(stream) % 8)
packed = int(stream, 2).to_bytes(len(stream) // 8, "big")
assert bz2.decompress(packed) == b"a" * COUNT
(folder / "blocks.bz2").write_bytes(packed)
