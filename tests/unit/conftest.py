"""Makes the Python that runs in Blender importable by plain Python, as Blender sees it.

Scripts import the modules that they bring by their bare names, from whatever room they are in.
"""

import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"
ROOMS = sorted(
    {path.parent for side in ("remote", "local") for path in SOURCE.glob(f"{side}/*/*.py")}
)

sys.path[:0] = [str(room) for room in ROOMS]
# The service's modules that scripts bring along: last, because some have the names of others'.
sys.path.append(str(SOURCE / "service" / "bld_remote_mcp"))
# What the tests in Blender use, too.
sys.path.append(str(Path(__file__).parents[1] / "support"))
