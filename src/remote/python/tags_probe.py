"""Which wheels Blender's Python takes: what the probe finds out without Blender's main thread."""

from typing import TypedDict

from probe_jobs import JobArguments, Programs, Progress, StartedJob, begun, progress_of


class TagsArguments(TypedDict):
    """``wait`` is how many seconds to wait for the answer."""

    programs: Programs
    wait: float


def main(arguments: TagsArguments | JobArguments) -> StartedJob | Progress:
    """Start a job, or ask one."""
    if "job" in arguments:
        return progress_of(arguments["job"])
    job = begun(arguments["programs"], ["wheels"], "not asked for")
    return job.started(arguments["wait"])
