"""What Blender's Python is, and what it lets a package manager do.

The first call gives what can be said at once and begins a job for what takes other processes. Later
calls ask for the job's findings. So no call keeps Blender's main thread for long.
"""

import os
from typing import TypedDict

from probe_jobs import JobArguments, Part, Programs, Progress, StartedJob, begun, progress_of
from running_facts import Blender, Python, blender_facts, online_access, python_facts
from site_facts import Site, site_facts


class RunningFacts(TypedDict):
    """What can be said at once."""

    blender: Blender
    python: Python
    site: Site
    online_access: bool | None
    pid: int


class StartedProbe(StartedJob):
    """What can be said at once, and the job that finds out the rest."""

    facts: RunningFacts


class StartArguments(TypedDict):
    """What to look at.

    ``wait`` is how many seconds to wait for the job, ``network_probe`` whether to ask pip's index.
    """

    programs: Programs
    parts: list[Part]
    network_probe: bool
    wait: float


def start(arguments: StartArguments) -> StartedProbe:
    """Give what can be said at once, and the job that finds out the rest."""
    access = online_access()
    if access is False:
        no_probe = "Blender's online access is off"
    elif not arguments["network_probe"]:
        no_probe = "not asked for"
    else:
        no_probe = None
    job = begun(arguments["programs"], arguments["parts"], no_probe)
    facts: RunningFacts = {
        "blender": blender_facts(),
        "python": python_facts(),
        "site": site_facts(),
        "online_access": access,
        "pid": os.getpid(),
    }
    return {"facts": facts, **job.started(arguments["wait"])}


def main(arguments: StartArguments | JobArguments) -> StartedProbe | Progress:
    """Start a job, or ask one."""
    if "job" not in arguments:
        return start(arguments)
    return progress_of(arguments["job"])
