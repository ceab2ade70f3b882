"""Mixed load on one service for a while, good and bad, by many clients at once.

A program: PORT TOKEN-FILE SECONDS SEED FOLDER PACE. Every good answer is checked; the first that is
wrong ends it. It prints a line of JSON: how many of each there were. With 0 seconds it only waits
until all other clients have gone, and prints what Blender holds. Clients pause PACE times as long
as at full speed: more than 1 leaves time for what else a machine does.
"""

import faulthandler
import hashlib
import json
import sys
import traceback
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from random import Random
from threading import Event, Lock, Thread

from wire_client import SECONDS, WireClient
from wire_fuzz import GoodClient, send_batch, settled
from wire_inputs import Inputs, Seeded, wheel_name

_SILENT = 100
_FILE_SIZE = 3_000_000


class Load:
    """What one service is put through."""

    def __init__(self, port: int, token: str | None, seed: int, folder: Path, pace: float) -> None:
        self._port = port
        self._token = token
        self._seed = seed
        self._folder = folder
        self._pace = pace
        self._over = Event()
        self._lock = Lock()
        self._errors: list[BaseException] = []
        self._silent: list[WireClient] = []
        self.done: Counter[str] = Counter()

    def run(self, seconds: float) -> None:
        """Put it through all of that; raises the first thing that went wrong."""
        random = Random(self._seed)
        kinds: dict[Callable[[Random], None], float] = {
            self._job: 0.1,
            self._upload: 0.3,
            self._cut_upload: 0.2,
            self._slow: 0.1,
            self._large: 0.5,
            self._deaf: 2.0,
            self._silence: 0.02,
            self._leave: 0.05,
        }
        threads = [
            Thread(target=self._each, args=(kind, pause, Random(random.random())))
            for kind, pause in kinds.items()
        ]
        inputs = Inputs(Seeded(self._seed), str(self._folder))
        threads.append(Thread(target=self._each, args=(partial(self._odd, inputs), 0.02, random)))
        good = GoodClient(self.connect, self._pace)
        for thread in threads:
            thread.start()
        self._over.wait(seconds)
        self._over.set()
        for thread in threads:
            thread.join()
        for client in self._silent:
            client.socket.close()
        try:
            good.end()
        finally:
            if self._errors:
                raise self._errors[0]
        self.done["good"] = good.answers
        self.done["longest wait in ms"] = int(good.longest * 1000)

    def connect(self) -> WireClient:
        """A client that may make requests."""
        return WireClient(self._port, self._token)

    def _each(self, work: Callable[[Random], None], pause: float, random: Random) -> None:
        name = getattr(work, "__name__", "_odd").removeprefix("_")
        try:
            while not self._over.wait(pause * self._pace):
                work(random)
                with self._lock:
                    self.done[name] += 1
        except BaseException as error:
            self._errors.append(error)
            self._over.set()

    def _odd(self, inputs: Inputs, random: Random) -> None:
        batch = [inputs.draw() for _ in range(10)]
        proven = random.random() < 0.8
        connect = self.connect if proven else partial(WireClient, self._port)
        send_batch(connect, batch, inputs, proven=proven)

    def _job(self, random: Random) -> None:
        number = random.randrange(10**9)
        code = f"import sys\nfor n in range(20): print({number} + n)\nsys.exit({number % 3})"
        with self.connect() as client:
            job = client.result("submit_code_job", code=code, title="soak", program=_PROGRAM)
            text, at = "", 0
            while True:
                seen = client.result("job_output", job_id=job["job_id"], offset=at, wait_seconds=5)
                text += "".join(b64decode(data).decode() for _stream, data in seen["chunks"])
                at = seen["offset"]
                if seen["terminal"] and not seen["chunks"]:
                    break
            assert text == "".join(f"{number + n}\n" for n in range(20)), text
            assert seen["exit_status"] == number % 3, seen

    def _upload(self, random: Random) -> None:
        content = random.randbytes(random.choice((0, 10, _FILE_SIZE)))
        with self.connect() as client:
            self._begin_upload(client, content, "good")
            client.socket.sendall(content + hashlib.sha256(content).hexdigest().encode())
            answer = client.answer()
            assert answer["status"] == "success", answer
        assert (self._folder / wheel_name("good")).read_bytes() == content

    def _cut_upload(self, random: Random) -> None:
        content = random.randbytes(_FILE_SIZE)
        with self.connect() as client:
            self._begin_upload(client, content, f"cut{random.randrange(1000)}")
            client.socket.sendall(content[: random.randrange(len(content))])
        for part in self._folder.glob(".cut*"):
            part.unlink(missing_ok=True)

    def _begin_upload(self, client: WireClient, content: bytes, name: str) -> None:
        wheel = wheel_name(name)
        part, target = str(self._folder / f".{wheel}.0f.part"), str(self._folder / wheel)
        lines = f"{part}\n{target}\n{len(content)}\n0"
        params = {
            "part": part,
            "target": target,
            "size": len(content),
            "offset": 0,
            "digest": hashlib.sha256(lines.encode()).hexdigest(),
        }
        client.socket.sendall(json.dumps({"type": "upload", "params": params}).encode())

    def _slow(self, random: Random) -> None:
        number = random.randrange(10**9)
        request = {"type": "execute_code", "params": {"code": f"print({number})"}}
        with self.connect() as client:
            for byte in json.dumps(request).encode():
                client.socket.sendall(bytes([byte]))
                self._over.wait(0.02)
            assert client.answer()["result"]["result"] == f"{number}\n"

    def _large(self, random: Random) -> None:
        number = random.randrange(10**9)
        with self.connect() as client:
            printed = client.printed(f"#{'x' * 2_000_000}\nprint({number}, 'y' * 3_000_000)")
            assert printed == f"{number} {'y' * 3_000_000}\n"

    def _deaf(self, _random: Random) -> None:
        with self.connect() as client:
            request = {"type": "execute_code", "params": {"code": "print('x' * 20_000_000)"}}
            client.socket.sendall(json.dumps(request).encode())
            self._over.wait(3)

    def _silence(self, random: Random) -> None:
        client = WireClient(self._port)
        client.socket.sendall(random.choice((b"", b"{", b'{"type": "hello", "params": {')))
        self._silent.append(client)
        while len(self._silent) > _SILENT:
            self._silent.pop(0).socket.close()

    def _leave(self, random: Random) -> None:
        with self.connect() as client:
            text = json.dumps({"type": "execute_code", "params": {"code": "print(1)" * 100}})
            client.socket.sendall(text.encode()[: random.randrange(len(text))])


_PROGRAM = {"name": "soak.py", "argv": ["soak.py"], "path0": ""}


def main(port: int, token_file: str, seconds: float, seed: int, folder: str, pace: float) -> None:
    token = None if token_file == "-" else Path(token_file).read_text(encoding="ascii").strip()
    load = Load(port, token, seed, Path(folder), pace)
    if seconds == 0:
        with load.connect() as client:
            print(json.dumps(asdict(settled(client))), flush=True)
        return
    load.run(seconds)
    print(json.dumps(load.done), flush=True)


if __name__ == "__main__":
    # What hangs says where.
    faulthandler.dump_traceback_later(float(sys.argv[3]) + 4 * SECONDS, exit=True)
    try:
        port, token_file, seconds, seed, folder, pace = sys.argv[1:]
        main(int(port), token_file, float(seconds), int(seed), folder, float(pace))
    except Exception:
        traceback.print_exc()
        sys.exit(1)
