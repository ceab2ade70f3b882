"""Relays connections: ``relay.py FROM TO``, each ``unix:PATH`` or ``tcp:PORT`` of loopback.

With ``--alone`` it is the first process of a network namespace, and switches its loopback on.
"""

import fcntl
import socket
import struct
import sys
import threading

SIOCSIFFLAGS = 0x8914
IFF_UP = 1


def switch_loopback_on() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def opened(address: str) -> tuple[socket.socket, str | tuple[str, int]]:
    kind, _, where = address.partition(":")
    if kind == "unix":
        return socket.socket(socket.AF_UNIX), where
    return socket.socket(socket.AF_INET), ("127.0.0.1", int(where))


def pump(source: socket.socket, drain: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            drain.sendall(data)
        drain.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        drain.close()


def main(listens: str, connects: str) -> None:
    server, address = opened(listens)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(address)
    server.listen()
    print("ready", flush=True)
    while True:
        one, _ = server.accept()
        other, target = opened(connects)
        try:
            other.connect(target)
        except OSError:
            one.close()
            other.close()
            continue
        for pair in ((one, other), (other, one)):
            threading.Thread(target=pump, args=pair, daemon=True).start()


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[0] == "--alone":
        switch_loopback_on()
        words = words[1:]
    main(words[0], words[1])
