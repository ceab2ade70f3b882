"""The calls of the probe, without Blender."""

import importlib
import json
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from programs import PIP_SOURCE, SOURCE

PARTS = ["pip", "wheels"]
PROGRAMS = {"interpreter": SOURCE, "pip": PIP_SOURCE}


def anew() -> ModuleType:
    """Run the script's text anew, as each call in Blender does."""
    sys.modules.pop("probe", None)
    return importlib.import_module("probe")


class TestCalls:
    def finish(self, probe: Any, arguments: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        started = probe.main({"programs": PROGRAMS, "wait": 0, **arguments})
        # Where nothing is to be found out, it may be done by now all the same.
        assert started["done"] is False or arguments["parts"] == []
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            # Each call runs the script's text anew, as in Blender.
            answer = anew().main({"job": started["job"]})
            if answer["done"]:
                return json.loads(json.dumps(started["facts"])), answer["findings"]
            time.sleep(0.02)
        raise AssertionError("the probe doesn't end")

    def test_everything(self, probe: Any, tmp_path: Path) -> None:
        facts, findings = self.finish(probe, {"parts": PARTS, "network_probe": False})
        assert facts["blender"]["version_tuple"] == [3, 4, 1]
        assert facts["python"]["python_args"] is None
        assert facts["online_access"] is None
        modules = facts["site"]["user_modules"]
        assert modules["path"] == str(tmp_path / "user" / "scripts" / "addons" / "modules")
        assert (modules["exists"], modules["writable"]) == (False, True)
        assert not (tmp_path / "user").exists()
        assert findings["executable"] == sys.executable
        assert findings["pip"]["said"].startswith("pip ")
        assert findings["network"]["probe"]["error"] == "not asked for"
        assert len(findings["wheels"]["tags"]) > 10

    def test_interpreter_only(self, probe: Any) -> None:
        _, findings = self.finish(probe, {"parts": [], "network_probe": True})
        assert findings["executable"] == sys.executable
        assert (findings["pip"], findings["wheels"], findings["network"]) == (None, None, None)

    def test_findings_stay_for_whoever_asked(self, probe: Any) -> None:
        arguments = {"programs": PROGRAMS, "parts": [], "network_probe": False, "wait": 5}
        first = probe.main(arguments)
        # Somebody else begins meanwhile.
        assert probe.main(arguments)["done"]
        assert anew().main({"job": first["job"]})["findings"]["executable"] == sys.executable

    def test_findings_go_after_a_while(self, probe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys.modules["probe_jobs"], "KEPT_SECONDS", -1)
        arguments = {"programs": PROGRAMS, "parts": [], "network_probe": False, "wait": 5}
        first = probe.main(arguments)
        assert probe.main(arguments)["done"]
        with pytest.raises(LookupError):
            probe.main({"job": first["job"]})

    def test_tags_alone(self, probe: Any) -> None:
        tags_probe = importlib.import_module("tags_probe")
        assert probe.Part is not None
        started = tags_probe.main({"programs": PROGRAMS, "wait": 20})
        assert "py3-none-any" in started["findings"]["wheels"]["tags"]
        assert tags_probe.main({"job": started["job"]})["findings"] == started["findings"]

    def test_offline(self, probe: Any, bpy: Any) -> None:
        bpy.app.online_access = False
        bpy.app.python_args = ("-I",)
        facts, findings = self.finish(probe, {"parts": PARTS, "network_probe": True})
        assert facts["python"]["python_args"] == ["-I"]
        assert findings["network"]["probe"] == {
            "tried": False,
            "reachable": None,
            "error": "Blender's online access is off",
        }

    def test_no_interpreter(self, probe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            sys.modules["probe_jobs"], "executable_candidates", lambda _prefix: ["/absent/python"]
        )
        started = probe.main(
            {
                "programs": PROGRAMS,
                "parts": PARTS,
                "network_probe": True,
                "wait": 5,
            }
        )
        assert started["done"]
        assert started["findings"]["executable_error"] == "/absent/python: not there"
        assert started["findings"]["pip"] is None

    def test_a_defect_is_told(self, probe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("defect")

        monkeypatch.setattr(sys.modules["probe_jobs"], "find_interpreter", broken)
        started = probe.main(
            {
                "programs": PROGRAMS,
                "parts": PARTS,
                "network_probe": True,
                "wait": 5,
            }
        )
        assert started["findings"] is None
        assert "RuntimeError: defect" in started["error"]

    def test_unknown_job(self, probe: Any) -> None:
        with pytest.raises(LookupError):
            probe.main({"job": "nobody"})
