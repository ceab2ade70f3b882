"""What `start` has told this Blender about itself."""

import os


def main(_: None) -> "str | None":
    """Give it as it was written, one JSON object; None where something else started Blender."""
    return os.environ.get("BLENDER_REMOTE_STARTED")
