"""A file through a bare socket on loopback into another file: no hashes, no names, no checks.

Takes the source and the target; prints the seconds from the first byte's reading to the last one's
writing. 1 MiB at a time on both ends.
"""

import os
import socket
import sys
import time

SIZE = 1 << 20


def receive(listening: socket.socket, target: str) -> None:
    client, _address = listening.accept()
    block = memoryview(bytearray(SIZE))
    with client, open(target, "wb", buffering=0) as file:
        while count := client.recv_into(block):
            file.write(block[:count])


def send(port: int, source: str) -> None:
    block = memoryview(bytearray(SIZE))
    with (
        socket.create_connection(("127.0.0.1", port)) as there,
        open(source, "rb", buffering=0) as file,
    ):
        while count := file.readinto(block):
            there.sendall(block[:count])


def main() -> None:
    source, target = sys.argv[1:]
    listening = socket.create_server(("127.0.0.1", 0))
    receiver = os.fork()
    if receiver == 0:
        receive(listening, target)
        os._exit(0)
    begun = time.perf_counter()
    send(listening.getsockname()[1], source)
    os.waitpid(receiver, 0)
    print(time.perf_counter() - begun)


if __name__ == "__main__":
    main()
