"""Imports modules of the service by their bare names, as scripts that bring them along do."""

import importlib.util
import sys
from pathlib import Path

SERVICE = Path(__file__).resolve().parents[2] / "src" / "service" / "bld_remote_mcp"


def import_with_relatives(*names: str) -> None:
    """Import modules so that each finds those beside it.

    Their own imports are relative, as in the service; Blender's importer for scripts knows that.
    """
    for name in names:
        spec = importlib.util.spec_from_file_location(
            name, SERVICE / f"{name}.py", submodule_search_locations=[str(SERVICE)]
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
