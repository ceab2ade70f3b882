"""What pip itself reads in requirements files.

Run with the path of a pip wheel and those of requirements files as its arguments; one JSON value
out on stdout: for each file its lines, or null where pip refuses it.
"""

import contextlib
import json
import optparse
import os
import sys
from typing import Any

sys.path.insert(0, sys.argv[1])

from pip._internal.exceptions import PipError
from pip._internal.network.session import PipSession
from pip._internal.req.constructors import install_req_from_req_string
from pip._internal.req.req_file import ParsedLine, RequirementsFileParser, get_line_parser

# By the names that pip has for their values. Those of --no-binary, --only-binary and --use-feature
# are put into common objects, so no line has its own.
OPTIONS = {
    "index_url": "--index-url",
    "extra_index_urls": "--extra-index-url",
    "no_index": "--no-index",
    "find_links": "--find-links",
    "prefer_binary": "--prefer-binary",
    "require_hashes": "--require-hashes",
    "pre": "--pre",
    "trusted_hosts": "--trusted-host",
    "editables": "--editable",
    "hashes": "--hash",
}


def options_of(values: optparse.Values) -> list[list[str | None]]:
    found: list[list[str | None]] = []
    for dest, name in OPTIONS.items():
        value: Any = getattr(values, dest, None)
        if value is None or value is False or value == []:
            continue
        if dest == "hashes":
            value = [f"{kind}:{one}" for kind, all_of in value.items() for one in all_of]
        each: list[Any] = value if isinstance(value, list) else [value]
        found += [[name, None if one is True else str(one)] for one in each]
    return sorted(found, key=str)


def described(line: ParsedLine) -> dict[str, Any]:
    return {
        "spec": line.args,
        "options": options_of(line.opts),
        "where": f"{os.path.basename(line.filename)}:{line.lineno}",
        "isConstraint": line.constraint,
    }


def lines_of(path: str) -> list[dict[str, Any]] | None:
    parser = RequirementsFileParser(PipSession(), get_line_parser(None))
    try:
        lines = [described(line) for line in parser.parse(path, constraint=False)]
        for line in lines:
            if line["spec"]:
                install_req_from_req_string(line["spec"])
    except (PipError, UnicodeError, LookupError):
        return None
    return lines


if __name__ == "__main__":
    # pip's parser prints the usage of a line that it refuses.
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        answers = [lines_of(path) for path in sys.argv[2:]]
    json.dump(answers, sys.stdout)
