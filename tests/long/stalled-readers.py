"""Opens argv[2] connections to 127.0.0.1:argv[1] that join the room argv[3] and then read nothing, until its input ends.

Their segments are those of an Ethernet and their receive buffers are small. With those of the loopback interface, 64 KiB
a segment, the system would buffer 4 MB a connection: a thousand of them would take all that it has for TCP.
"""

import socket
import sys

SEGMENT = 1460
RECEIVE_BUFFER = 8192

port, count, room = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
HANDSHAKE = (
    f"GET /ws?room={room} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
).encode()


def join():
    stalled = socket.socket()
    stalled.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    stalled.connect(("127.0.0.1", port))
    stalled.sendall(HANDSHAKE)
    received = b""
    while b'"type":"joined"' not in received:
        chunk = stalled.recv(4096)
        if not chunk:
            sys.exit(f"the server ended a connection that was to join: {received!r}")
        received += chunk
    return stalled


members = [join() for _ in range(count)]
print("joined", flush=True)
sys.stdin.read()
