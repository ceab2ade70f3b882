"""What `start` has told this Blender about itself."""

import sys


def main(_: None) -> "str | None":
    """Give it as it was written, one JSON object; None where something else started Blender."""
    return getattr(sys.modules.get("_blender_remote_started"), "record", None)
