"""What pip itself makes of wheels: its tags for targets, and the wheel that it chooses.

Run with the path of a pip wheel as its argument; one JSON value in on stdin, one out on stdout.
"""

import json
import sys
from typing import Any

sys.path.insert(0, sys.argv[1])

from pip._internal.index.package_finder import CandidateEvaluator
from pip._internal.models.candidate import InstallationCandidate
from pip._internal.models.link import Link
from pip._internal.models.target_python import TargetPython
from pip._internal.models.wheel import Wheel
from pip._vendor.packaging.specifiers import SpecifierSet


def target_python(target: dict[str, Any]) -> TargetPython:
    return TargetPython(
        platforms=target["platforms"],
        py_version_info=tuple(target["version"]),
        implementation=target["implementation"],
        abis=target["abis"],
    )


def choice(case: dict[str, Any], target: TargetPython) -> str | None:
    """Give the file name that pip takes from a folder with these wheels of one distribution."""
    tags = target.get_sorted_tags()
    wheels = [Wheel(file) for file in case["files"]]
    candidates = [
        InstallationCandidate(wheel.name, wheel.version, Link(f"file:///house/{wheel.filename}"))
        for wheel in wheels
        if wheel.supported(tags)
    ]
    evaluator = CandidateEvaluator.create(
        "thing", target_python=target, specifier=SpecifierSet(case["specifier"])
    )
    best = evaluator.compute_best_candidate(candidates).best_candidate
    return None if best is None else best.link.filename


def main() -> None:
    asked = json.load(sys.stdin)
    targets = {name: target_python(target) for name, target in asked["targets"].items()}
    tags = {
        name: [str(tag) for tag in target.get_sorted_tags()] for name, target in targets.items()
    }
    choices = [choice(case, targets[case["target"]]) for case in asked["cases"]]
    json.dump({"tags": tags, "choices": choices}, sys.stdout)


if __name__ == "__main__":
    main()
