"""Those who say nothing make room for others, and never keep anybody out."""

from dataclasses import dataclass

import pytest
from bld_remote_mcp.admission import Admission, NoRoomError
from bld_remote_mcp.limits import ServiceLimits


@dataclass(eq=False)
class Someone:
    name: str
    idle_since: float | None = None
    ended: bool = False

    def retire(self) -> bool:
        self.ended = self.idle_since is not None
        return self.ended

    def abort(self) -> None:
        self.ended = True


LIMITS = ServiceLimits(clients=2, newcomers=3, newcomers_of_address=2)


def test_the_oldest_newcomer_goes_never_the_newest() -> None:
    admission = Admission[Someone](LIMITS)
    guests = [Someone(str(number)) for number in range(10)]
    for guest in guests:
        admission.enter(guest, None)
    assert [guest.name for guest in guests if not guest.ended] == ["7", "8", "9"]
    assert len(admission) == 3


def test_of_one_address_there_are_fewer() -> None:
    admission = Admission[Someone](LIMITS)
    here, first, second, third, other = map(Someone, "12345")
    admission.enter(here, None)
    for guest in (first, second, third):
        admission.enter(guest, "192.0.2.1")
    assert first.ended
    assert not here.ended
    admission.enter(other, "192.0.2.2")
    assert [guest.ended for guest in (here, second, third, other)] == [True, False, False, False]


def test_who_is_through_is_no_newcomer_any_more() -> None:
    admission = Admission[Someone](LIMITS)
    guest = Someone("1")
    admission.enter(guest, None)
    admission.let_through(guest)
    for number in range(10):
        admission.enter(Someone(str(number)), None)
    assert not guest.ended
    assert len(admission) == 4
    admission.leave(guest)
    assert len(admission) == 3


def test_who_has_been_ended_does_not_get_through() -> None:
    admission = Admission[Someone](LIMITS)
    guest = Someone("1")
    admission.enter(guest, None)
    for number in range(3):
        admission.enter(Someone(str(number)), None)
    with pytest.raises(NoRoomError):
        admission.let_through(guest)
    admission.leave(guest)
    assert len(admission) == 3


def test_the_client_that_has_been_idle_for_longest_makes_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    admission = Admission[Someone](LIMITS)
    busy, idle, new, late = Someone("1"), Someone("idler", 5.0), Someone("3", 7.0), Someone("4")
    for guest in (busy, idle, new):
        admission.enter(guest, None)
        admission.let_through(guest)
    assert [guest.ended for guest in (busy, idle, new)] == [False, True, False]
    assert "ended the connection of idler, idle for" in caplog.text
    new.idle_since = None
    admission.enter(late, None)
    with pytest.raises(NoRoomError, match="2 clients are connected, which is the limit"):
        admission.let_through(late)
    admission.leave(busy)
    admission.let_through(late)


def test_one_that_has_just_got_a_request_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    admission = Admission[Someone](LIMITS)
    first, second, third = Someone("1", 1.0), Someone("2", 2.0), Someone("3")
    monkeypatch.setattr(first, "retire", lambda: False)
    for guest in (first, second, third):
        admission.enter(guest, None)
        admission.let_through(guest)
    assert [guest.ended for guest in (first, second, third)] == [False, True, False]
