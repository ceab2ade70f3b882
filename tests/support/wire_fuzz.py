"""Sends inputs that nobody would send to a service, with a good client beside them.

A program, too: PORT TOKEN-FILE INPUTS SEED FOLDER; TOKEN-FILE is "-" where no token is asked for.
It prints a line of JSON with figures.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import count
from math import ceil
from pathlib import Path
from threading import Event, Thread
from time import monotonic

from wire_client import SECONDS, Answer, WireClient
from wire_inputs import JOB, Inputs, Seeded, Sent

_MOST_INPUTS = 60
_WARM_UP = 0.2
# Between two requests of the good client, in seconds, at a pace of 1.
_PAUSE = 0.02
# What the service's process holds: threads, descriptors (-1 where they can't be told), memory.
_LOOK = """import os, sys, threading
there = sys.platform == "linux"
fds = len(os.listdir("/proc/self/fd")) - 1 if there else -1
pages = int(open("/proc/self/statm").read().split()[1]) if there else 0
print(threading.active_count(), fds, pages * 4096)"""


@dataclass
class Figures:
    """How a run went."""

    inputs: int
    connections: int
    seconds: float
    good_answers: int
    longest_wait: float
    """Seconds that an answer to the good client took at most."""
    growth: int
    """Bytes by which the service's memory grew after the first fifth of the inputs."""


@dataclass(frozen=True)
class Held:
    """What the service's process holds."""

    threads: int
    descriptors: int
    memory: int

    @classmethod
    def of(cls, client: WireClient) -> "Held":
        threads, descriptors, memory = map(int, client.printed(_LOOK).split())
        return cls(threads, descriptors, memory)


class GoodClient:
    """Asks what a client asks, on a thread of its own, and checks each answer."""

    def __init__(self, connect: Callable[[], WireClient], pace: float = 1) -> None:
        self._connect = connect
        self._pause = _PAUSE * pace
        self._over = Event()
        self._error: BaseException | None = None
        self.answers = 0
        self.longest = 0.0
        self._thread = Thread(target=self._run, name="good client")
        self._thread.start()

    def end(self) -> None:
        """Stop; AssertionError where an answer wasn't as it has to be, or didn't come."""
        self._over.set()
        self._thread.join()
        if self._error is not None:
            raise AssertionError(f"the good client: {self._error!r}") from self._error

    def _run(self) -> None:
        try:
            for number in count():
                with self._timed(self._connect) as client:
                    for step in range(20):
                        if self._over.wait(self._pause):
                            return
                        self._timed(partial(self._exchange, client, number * 20 + step))
        except BaseException as error:
            self._error = error

    def _timed(self, work: Callable[[], WireClient]) -> WireClient:
        began = monotonic()
        result = work()
        self.longest = max(self.longest, monotonic() - began)
        return result

    def _exchange(self, client: WireClient, number: int) -> WireClient:
        kind = number % 5
        if kind == 0:
            assert client.printed(f"print({number} * 2)") == f"{number * 2}\n"
        elif kind == 1:
            assert client.result("hello")["server"] == "bld_remote_mcp"
        elif kind == 2:
            client.result("put_persist_data", key="good", data=[number, "ü😀"])
            assert client.result("get_persist_data", key="good")["data"] == [number, "ü😀"]
        elif kind == 3:
            failed = client.ask("execute_code", code=f"raise ValueError({number})")
            assert failed["status"] == "error"
            assert failed["message"] == f"Code execution error: {number}"
        else:
            assert client.result("status")["uptime_seconds"] > 0
        self.answers += 1
        return client


class Sender:
    """Sends inputs that one source draws, on a thread of its own."""

    def __init__(
        self,
        connect: Callable[[], WireClient],
        connect_unproven: Callable[[], WireClient],
        inputs: Inputs,
    ) -> None:
        self._connect = connect
        self._connect_unproven = connect_unproven
        self._inputs = inputs
        self._error: BaseException | None = None
        self.inputs = 0
        self.connections = 0

    def start(self, total: int) -> Callable[[], None]:
        """Send so many; gives what waits for the end, and raises what went wrong."""
        thread = Thread(target=self._run, args=(total,), name="sender")
        thread.start()

        def wait() -> None:
            thread.join()
            if self._error is not None:
                raise self._error

        return wait

    def _run(self, total: int) -> None:
        end = self.inputs + total
        try:
            while self.inputs < end:
                proven = self.connections % 5 > 0
                connect = self._connect if proven else self._connect_unproven
                batch = _batch(self._inputs)
                send_batch(connect, batch, self._inputs, proven=proven)
                self.inputs += len(batch)
                self.connections += 1
        except BaseException as error:
            self._error = error


def fuzz(
    connect: Callable[[], WireClient],
    connect_unproven: Callable[[], WireClient],
    sources: Sequence[Inputs],
    total: int,
) -> Figures:
    """Send so many inputs of all sources, which are drawn and sent at once.

    What isn't as it should be is an error that shows what was sent.
    """
    with connect() as client:
        client.result("submit_code_job", code="print(1)")
        assert client.result("get_job_status", job_id=JOB)["found"]
        before = settled(client)
    good = GoodClient(connect)
    senders = [Sender(connect, connect_unproven, inputs) for inputs in sources]

    def send(part: float) -> Held:
        for wait in [each.start(ceil(total * part / len(senders))) for each in senders]:
            wait()
        with connect() as client:
            return Held.of(client)

    began = monotonic()
    try:
        warm = send(_WARM_UP)
        send(1 - _WARM_UP)
        seconds = monotonic() - began
    finally:
        good.end()
    with connect() as client:
        after = settled(client, before)
    return Figures(
        sum(each.inputs for each in senders),
        sum(each.connections for each in senders),
        round(seconds, 1),
        good.answers,
        round(good.longest, 3),
        after.memory - warm.memory,
    )


def _batch(inputs: Inputs) -> list[Sent]:
    batch: list[Sent] = []
    while len(batch) < _MOST_INPUTS:
        batch.append(inputs.draw())
        # Sometimes more comes after what rightly ends a connection.
        if not batch[-1].answered and inputs.ends():
            break
    return batch


def send_batch(
    connect: Callable[[], WireClient], batch: list[Sent], inputs: Inputs, *, proven: bool
) -> None:
    """Send inputs over a connection, cut anywhere, and check what comes back until its end."""
    data = b"".join(each.data for each in batch)
    try:
        with connect() as client:
            try:
                for piece in inputs.pieces(data):
                    client.socket.sendall(piece)
                client.socket.shutdown(1)
            except OSError:
                pass  # It has ended already
            _check(client.rest(), batch, proven=proven)
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {error}, after {data!r}") from error


def _check(answers: list[Answer], batch: list[Sent], *, proven: bool) -> None:
    for answer in answers:
        assert answer.get("status") in ("success", "error") or "response" in answer, answer
    if all(each.answered for each in batch) and proven:
        assert len(answers) == len(batch), f"{len(answers)} answers to {len(batch)} requests"


def settled(client: WireClient, expected: Held | None = None) -> Held:
    """What is held once all other connections have ended.

    Where something is `expected`, threads and descriptors are to come down to that.
    """
    deadline = monotonic() + SECONDS
    while True:
        held = Held.of(client)
        alone = client.result("status")["connections"] == 1
        if alone and (
            expected is None
            or (held.threads <= expected.threads and held.descriptors <= expected.descriptors)
        ):
            return held
        assert monotonic() < deadline, f"left behind: {held}, before: {expected}"


def main(port: int, token_file: str, total: int, seed: int, folder: str) -> None:
    token = None if token_file == "-" else Path(token_file).read_text(encoding="ascii").strip()
    figures = fuzz(
        lambda: WireClient(port, token),
        lambda: WireClient(port),
        [Inputs(Seeded(seed), folder)],
        total,
    )
    print(json.dumps({"seed": seed, **asdict(figures)}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
