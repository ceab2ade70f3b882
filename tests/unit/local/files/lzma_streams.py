"""Writes streams of LZMA in every layout: properties, stream and content, each after its length."""

import lzma
import random
import struct
import sys

chance = random.Random(5)
words = [b"alpha", b"beta\n", b"gamma", b"\x00\xff"]
contents = [
    b"",
    b"x",
    chance.randbytes(20_000),
    bytes(30_000),
    b"".join(chance.choice([*words, chance.randbytes(3)]) for _ in range(8_000)),
]
layouts = [
    (context, place, position)
    for context in range(5)
    for place in range(5 - context)
    for position in range(5)
]
with open(sys.argv[1], "wb") as file:
    for index, (lc, lp, pb) in enumerate(layouts):
        content = contents[index % len(contents)]
        options = {"lc": lc, "lp": lp, "pb": pb, "dict_size": 1 << 23, "preset": index % 10}
        filters = [{"id": lzma.FILTER_LZMA1, **options}]
        stream = lzma.compress(content, format=lzma.FORMAT_RAW, filters=filters)
        for part in (bytes([(pb * 5 + lp) * 9 + lc]), stream, content):
            file.write(struct.pack("<I", len(part)) + part)
