"""The timer that serves a Blender with a window."""

from collections.abc import Iterator
from types import ModuleType

import pytest
from bld_remote_mcp.blender import BlenderFacts
from bld_remote_mcp.gui_timer import GuiTimer
from bld_remote_mcp.jobs import Job
from bld_remote_mcp.server import Server


class Clock:
    """Time as the test says."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Driven:
    """A timer, its server and its clock."""

    def __init__(self) -> None:
        self.server = Server(BlenderFacts("4.2.1", False), "2.0.0")
        self.server.start("127.0.0.1", 0)
        self.clock = Clock()
        self.stopped = 0
        self.timer = GuiTimer(self.server, self._stop, self.clock)

    def submit_taking(self, seconds: float) -> None:
        def work() -> None:
            self.clock.now += seconds

        self.server.jobs.submit(Job(work))

    def _stop(self) -> None:
        self.stopped += 1
        self.server.close()


@pytest.fixture
def driven(bpy: ModuleType) -> Iterator[Driven]:
    made = Driven()
    yield made
    made.server.close()


def test_quick_for_a_while_after_work_then_slow(driven: Driven) -> None:
    driven.clock.now += 1.9
    assert driven.timer.tick() == 0.005
    driven.clock.now += 0.2
    assert driven.timer.tick() == 0.1
    driven.submit_taking(0)
    assert driven.timer.tick() == 0.005
    driven.clock.now += 1.9
    assert driven.timer.tick() == 0.005
    driven.clock.now += 0.2
    assert driven.timer.tick() == 0.1


def test_the_first_call_marks_the_scene(driven: Driven, bpy: ModuleType) -> None:
    scene = bpy.data.scenes[0]
    driven.timer.tick()
    assert scene.bld_remote_server_running is True
    scene.bld_remote_server_running = "untouched"
    driven.timer.tick()
    assert scene.bld_remote_server_running == "untouched"


def test_many_jobs_leave_the_window_its_turns(driven: Driven) -> None:
    for _ in range(10):
        driven.submit_taking(0.02)
    assert driven.timer.tick() == 0.005
    assert driven.server.jobs.queued == 7
    driven.timer.tick()
    driven.timer.tick()
    driven.timer.tick()
    assert driven.server.jobs.queued == 0


def test_it_outlives_the_loading_of_a_file_and_leaves_nothing(
    driven: Driven, bpy: ModuleType
) -> None:
    driven.timer.start()
    assert list(bpy.app.timers.registered.values()) == [True, True]
    driven.timer.stop()
    driven.timer.stop()
    assert bpy.app.timers.registered == {}


@pytest.mark.parametrize("quit_blender", [True, False])
def test_a_stop(driven: Driven, bpy: ModuleType, quit_blender: bool) -> None:
    driven.server.request_stop(quit_blender=quit_blender, force=False)
    assert driven.timer.tick() is None
    assert driven.stopped == 1
    assert not driven.server.running
    assert bpy.quits == [True] * quit_blender
    if quit_blender:
        assert bpy.overrides == [{"window": bpy.context.window_manager.windows[0]}]


def test_a_tick_that_fails_does_not_end_the_timer(
    driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blender drops a timer whose function raises; a job can leave almost anything behind."""

    def fail() -> bool:
        raise SystemExit("not me")

    monkeypatch.setattr(driven.server.jobs, "run_next", fail)
    assert driven.timer.tick() == 0.1
    monkeypatch.undo()
    driven.submit_taking(0)
    assert driven.timer.tick() == 0.005
    assert driven.server.jobs.queued == 0


@pytest.mark.parametrize("windows", ["none", "refusing"])
def test_a_window_that_can_not_be_quit(driven: Driven, bpy: ModuleType, windows: str) -> None:
    if windows == "none":
        bpy.context.window_manager.windows.clear()
    else:

        def refuse() -> None:
            raise RuntimeError("Operator bpy.ops.wm.quit_blender.poll() failed")

        bpy.ops.wm.quit_blender = refuse
    driven.server.request_stop(quit_blender=True, force=False)
    with pytest.raises(SystemExit) as caught:
        driven.timer.tick()
    assert caught.value.code == 0
    assert driven.stopped == 1


def test_a_timer_that_blender_has_dropped_comes_back(driven: Driven, bpy: ModuleType) -> None:
    driven.timer.start()
    tick, watch = bpy.app.timers.registered
    del bpy.app.timers.registered[tick]
    assert watch() == 0.5
    assert set(bpy.app.timers.registered) == {watch, tick}
    del bpy.app.timers.registered[watch]
    tick()
    assert set(bpy.app.timers.registered) == {watch, tick}
    driven.timer.stop()
    driven.server.close()
    assert watch() is None
    assert bpy.app.timers.registered == {}
