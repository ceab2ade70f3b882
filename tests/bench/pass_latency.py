"""How long ``execute_code`` of ``pass`` takes, again and again, until its stdin ends.

Takes the port; prints "ready" after the first answer, and at the end the seconds of all as JSON.
"""

import json
import socket
import sys
import time
from threading import Thread


def main() -> None:
    request = json.dumps({"type": "execute_code", "params": {"code": "pass"}}).encode()
    ended: list[str] = []
    Thread(target=lambda: ended.append(sys.stdin.read()), daemon=True).start()
    taken: list[float] = []
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as service:
        service.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while not ended:
            begun = time.perf_counter()
            service.sendall(request)
            answer = b""
            while answer.count(b"{") == 0 or answer.count(b"{") != answer.count(b"}"):
                answer += service.recv(65536)
            taken.append(time.perf_counter() - begun)
            if len(taken) == 1:
                print("ready", flush=True)
            time.sleep(0.001)
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
