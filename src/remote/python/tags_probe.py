"""Which wheels Blender's Python takes: what the probe finds out without Blender's main thread."""

from typing import TypedDict

from probe_jobs import JobArguments, Progress, StartedJob, begun, progress_of


class TagsArguments(TypedDict):
    """``interpreter`` is the text of ``interpreter.py``, ``wait`` the seconds to wait."""

    interpreter: str
    wait: float


def main(arguments: TagsArguments | JobArguments) -> StartedJob | Progress:
    """Start a job, or ask one."""
    if "job" in arguments:
        return progress_of(arguments["job"])
    job = begun(arguments["interpreter"], ["wheels"], "not asked for")
    return job.started(arguments["wait"])
