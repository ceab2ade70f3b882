"""pip with a look at what it has chosen: the real one, in an environment of its own."""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import checked_pip
import pytest
from systems import WINDOWS, native, python_in, site_in

SOURCE = Path(__file__).parents[4] / "src"
PIP = SOURCE / "remote" / "bootstrap" / "pip_wheel" / "pip.whl"
PARTS = (
    "remote/install/checked_pip.py",
    "remote/install/shared_files.py",
    "packages/package_metadata.py",
    "packages/package_names.py",
)


def wheel(folder: Path, name: str, version: str, files: dict[str, str], requires: str = "") -> None:
    """Write a wheel."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    if requires:
        metadata += f"Requires-Dist: {requires}\n"
    everything = {
        **files,
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{info}/RECORD,,\n"]
    with zipfile.ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in everything.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
            rows.append(f"{path},sha256={digest.decode().rstrip('=')},{len(text)}\n")
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "".join(rows))


class Environment:
    """A Python with pip, and a wheelhouse."""

    def __init__(self, folder: Path) -> None:
        create = [sys.executable, "-m", "venv", "--without-pip", folder / "venv"]
        subprocess.run(create, check=True)
        self.folder = folder / "venv"
        self.python = python_in(folder / "venv")
        self.site = site_in(folder / "venv")
        with zipfile.ZipFile(PIP) as archive:
            archive.extractall(self.site)
        # pip compiles itself at its first run.
        subprocess.run(
            [self.python, "-I", "-m", "pip", "install", "--help"],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        self.own = {*self.folder.rglob("*")}

    def begin(self, folder: Path) -> None:
        """Take away what another test has installed; have what else there is in this folder."""
        for path in sorted({*self.folder.rglob("*")} - self.own, reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        self.wheels, self.files, self.behind = (
            folder / name for name in ("wheels", "files", "behind")
        )
        for made in (self.wheels, self.files):
            made.mkdir()
        for part in PARTS:
            shutil.copy(SOURCE / part, self.files)

    def install(
        self,
        *words: str,
        refuse: dict[str, str | None] | None = None,
        looks: bool = True,
        wheel: Path | None = None,
    ) -> tuple[int, dict[str, Any] | None]:
        """Install with the look; give the exit status and the report."""
        order, report = self.files / "order.json", self.files / "report.json"
        minded = {
            "refuse": (refuse or {}) if looks else None,
            "behind": [str(self.behind)],
            "wheel": None if wheel is None else str(wheel),
        }
        order.write_text(json.dumps(minded))
        report.unlink(missing_ok=True)
        program = [self.python, "-I", self.files / "checked_pip.py", order, report]
        options = ["install", "--no-index", "--find-links", self.wheels, *words]
        done = subprocess.run([*program, *options], capture_output=True, text=True, check=False)
        self.said = done.stdout + done.stderr
        found = json.loads(report.read_text()) if report.exists() else None
        return done.returncode, found

    def versions(self) -> dict[str, str]:
        names = [path.name.split("-")[:2] for path in self.site.glob("br*.dist-info")]
        return {name: version.removesuffix(".dist") for name, version in names}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("environment"))


@pytest.fixture
def environment(shared: Environment, tmp_path: Path) -> Environment:
    """An environment that other tests use as well: its pip stays as it is."""
    return filled(shared, tmp_path)


@pytest.fixture
def environment_of_its_own(tmp_path: Path) -> Environment:
    return filled(Environment(tmp_path), tmp_path)


def filled(made: Environment, folder: Path) -> Environment:
    made.begin(folder)
    body = {"brcv/__init__.py": "plain = True\n", "brcv/data.txt": "same\n"}
    wheel(made.wheels, "brone", "1.0", {"brone.py": ""}, requires="brdep>=1")
    wheel(made.wheels, "brdep", "2.0", {"brdep.py": ""})
    wheel(made.wheels, "brcv", "1.0", body)
    wheel(made.wheels, "brcv-headless", "1.0", {**body, "brcv/__init__.py": "plain = False\n"})
    wheel(made.wheels, "brns-a", "1.0", {"brns/__init__.py": "", "brns/a.py": ""})
    wheel(made.wheels, "brns-b", "1.0", {"brns/__init__.py": "", "brns/b.py": ""})
    return made


def test_what_it_has_chosen_is_looked_at_before_anything_changes(environment: Environment) -> None:
    code, report = environment.install("brone", refuse={"brdep": None})
    assert code == 1, environment.said
    assert report is not None
    assert report["refused"] == ["brdep"]
    chosen = {one["name"]: one["version"] for one in report["planned"]}
    assert chosen == {"brone": "1.0", "brdep": "2.0"}
    assert environment.versions() == {}
    # The version that would be hidden is the same.
    code, report = environment.install("brone", refuse={"brdep": "2", "other": None})
    assert code == 0
    assert report is not None
    assert report["refused"] == []
    assert environment.versions() == {"brone": "1.0", "brdep": "2.0"}
    assert environment.install("brone", refuse={"brone": None}) == (
        0,
        {"planned": [], "refused": [], "overlaps": [], "unchecked": None},
    )


def test_a_pip_in_a_wheel(environment_of_its_own: Environment) -> None:
    environment = environment_of_its_own
    shutil.rmtree(environment.site / "pip")
    assert environment.install("brone")[0] == 1
    code, report = environment.install("brone", wheel=PIP)
    assert code == 0, environment.said
    assert report is not None
    assert [one["name"] for one in report["planned"]] == ["brdep", "brone"]
    # It doesn't count as installed.
    (next(environment.site.glob("pip-*.dist-info"))).rename(environment.site / "gone")
    assert environment.install("pip", wheel=PIP)[0] == 1
    assert "No matching distribution found for pip" in environment.said


def test_files_that_two_packages_bring(environment: Environment) -> None:
    pair = ["brcv-headless 1.0", "brcv 1.0"]
    assert environment.install("brcv")[0] == 0
    code, report = environment.install("brcv-headless")
    assert code == 0
    assert report is not None
    assert report["overlaps"] == [
        {"packages": pair, "files": [native("brcv/__init__.py")], "count": 1}
    ]
    # An upgrade shares nothing with the version in whose place it comes.
    code, report = environment.install("brcv", "--force-reinstall", "brns-a", "brns-b")
    assert report is not None
    assert [one["packages"] for one in report["overlaps"]] == [["brcv 1.0", "brcv-headless 1.0"]]


@pytest.mark.parametrize("how", ["{}", "../site-packages/{}", "{site}/{}", "{linked}/{}"])
def test_files_that_archive_and_record_name_in_other_ways(
    environment: Environment, tmp_path: Path, how: str
) -> None:
    places = {"site": environment.site, "linked": tmp_path / "linked"}
    if "{linked}" in how:
        places["linked"].symlink_to(environment.site)
    assert environment.install("brcv")[0] == 0
    record = environment.site / "brcv-1.0.dist-info" / "RECORD"
    rows = record.read_text().splitlines(keepends=True)
    record.write_text("".join(how.format(row, **places) for row in rows))
    names = ["brdata0", "brdata1", "brdata2"]
    for name, place in zip(names, ["brcv", "brdata1-1.0.data/purelib/brcv", "./brcv"], strict=True):
        wheel(environment.wheels, name, "1.0", {f"{place}/__init__.py": f"{name}\n"})
    code, report = environment.install(*names)
    assert code == 0, environment.said
    assert report is not None
    found = [one for one in report["overlaps"] if "brcv 1.0" in one["packages"]]
    files = {"files": [native("brcv/__init__.py")], "count": 1}
    found.sort(key=lambda one: one["packages"])
    assert found == [{"packages": [f"{name} 1.0", "brcv 1.0"], **files} for name in names]


def test_files_beside_the_modules(environment: Environment) -> None:
    for name in ("brshare", "brother"):
        files = {f"{name}.py": "", f"{name}-1.0.data/data/share/br/a.txt": name}
        wheel(environment.wheels, name, "1.0", files)
    assert environment.install("brshare")[0] == 0
    report = environment.install("brother")[1]
    assert report is not None
    (overlap,) = report["overlaps"]
    assert overlap["packages"] == ["brother 1.0", "brshare 1.0"]
    assert [Path(file).parts[-3:] for file in overlap["files"]] == [("share", "br", "a.txt")]


ENTRY = "[console_scripts]\nbrtool = {0}:main\n[gui_scripts]\nBrGui={0}:main [x]\n"


def test_scripts_that_two_packages_bring(environment: Environment) -> None:
    for name in ("brone", "brtwo"):
        entry = {f"{name}-1.0.dist-info/entry_points.txt": ENTRY.format(name)}
        files = {f"{name}.py": "", f"{name}-1.0.data/scripts/brshell": "#!/bin/sh\n", **entry}
        wheel(environment.wheels, name, "1.0", files)
    wheel(environment.wheels, "brodd", "1.0", {"brodd-1.0.dist-info/entry_points.txt": "[[\n"})
    code, report = environment.install("brone", "brodd")
    assert (code, report and report["overlaps"]) == (0, [])
    report = environment.install("brtwo")[1]
    assert report is not None
    (overlap,) = report["overlaps"]
    assert overlap["packages"] == ["brtwo 1.0", "brone 1.0"]
    scripts = [Path(file).parts[-2:] for file in overlap["files"]]
    folder, ending = ("Scripts", ".exe") if WINDOWS else ("bin", "")
    names = [f"BrGui{ending}", "brshell", f"brtool{ending}"]
    assert scripts == [(folder, name) for name in names]
    # The same package again shares nothing with itself.
    code, report = environment.install("brone", "--force-reinstall")
    assert [one["packages"] for one in (report or {})["overlaps"]] == [["brone 1.0", "brtwo 1.0"]]


def test_a_list_of_files_that_nobody_can_read_stops_nothing(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "endless.whl", "w") as archive:
        archive.writestr("a.dist-info/RECORD", "x" * 200_000 + ",,\n")
    assert checked_pip.wheel_files(str(tmp_path / "endless.whl")) == {}


def test_it_sees_user_modules_behind_everything_else(environment: Environment) -> None:
    # By PYTHONPATH this would take the place of Python's own module.
    environment.behind.mkdir()
    (environment.behind / "colorsys.py").write_text("raise ImportError('not the real one')")
    info = environment.behind / "brdep-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brdep\nVersion: 2.0\n")
    code, report = environment.install("brone")
    assert code == 0, environment.said
    assert report is not None
    assert [one["name"] for one in report["planned"]] == ["brone"]


def test_a_pip_that_installs_in_another_way_says_so(environment_of_its_own: Environment) -> None:
    environment = environment_of_its_own
    command = environment.site / "pip" / "_internal" / "commands" / "install.py"
    command.write_text(command.read_text().replace("install_given_reqs", "install_in_a_new_way"))
    requirements = environment.site / "pip" / "_internal" / "req" / "__init__.py"
    text = requirements.read_text().replace("install_given_reqs", "install_in_a_new_way")
    requirements.write_text(text)
    code, report = environment.install("brone")
    assert code == 0
    assert report is not None
    assert "isn't known" in report["unchecked"]
    assert environment.versions() == {"brone": "1.0", "brdep": "2.0"}


def test_a_run_that_looks_at_nothing(environment: Environment) -> None:
    target = environment.wheels.parent / "target"
    code, report = environment.install("brone", "--target", str(target), looks=False)
    assert (code, report) == (0, None)
    assert (target / "brdep.py").exists()


def test_without_pip(environment_of_its_own: Environment) -> None:
    environment = environment_of_its_own
    shutil.rmtree(environment.site / "pip")
    code, report = environment.install("brone")
    assert (code, report) == (1, None)
    assert environment.said.endswith(": No module named 'pip'\n")
