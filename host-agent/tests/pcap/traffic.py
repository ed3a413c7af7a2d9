"""Real traffic over the loopback of a network namespace of its own, captured, and what was sent as the programs know it.

Writes traffic.pcap and expected.json to the folder that is given. Nothing is taken from the packets: each program notes
what it gives to its socket, in the terms of docs/sends.md.

With `held` behind the folder it begins and ends with a line of standard input, clients keep their sockets until the end, and
some segments are sent a second time: expected.json says as well what was planted so."""

import fcntl
import json
import socket
import struct
import sys
import threading
import time

SERVER = "127.0.0.1"
WEB, CACHE, SECRET = 80, 6379, 443
OUTGOING = 4
LAST = b"the last packet of the capture"
folder = sys.argv[1]
held = [] if sys.argv[2:] == ["held"] else None
sends = []


def note(container, link, body, head=0, encrypted=False):
    """No two connections have the same ports."""
    remote, remote_port = link.getpeername()
    sends.append((container, link.getsockname()[1], remote, remote_port, bytes(body), head, encrypted))


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 1 | 64))


def capture(packets):
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    try:
        link.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    except PermissionError:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
    link.bind(("lo", 3))
    started.set()
    while True:
        data, (_, _, kind, *_) = link.recvfrom(1 << 18)
        if kind == OUTGOING and data.endswith(LAST):
            return
        if kind == OUTGOING:
            packets.append(data)


def web(connection):
    """HTTP: the same bodies under heads that change, in one write, in two, and in chunks."""
    stream = connection.makefile("rb")
    count = 0
    while True:
        request = stream.readline()
        if not request:
            return
        while stream.readline() not in (b"\r\n", b""):
            pass
        method, path, _ = request.split()
        count += 1
        head = b"HTTP/1.1 200 OK\r\nDate: %.9f\r\nX-Count: %d\r\n" % (time.time(), count)
        body = {b"/status": b"{'ok': true}" * 60, b"/large": bytes(range(256)) * 80}.get(path, b"page " + path * 9)
        if path == b"/none":
            reply = b"HTTP/1.1 304 Not Modified\r\nDate: %.9f\r\n\r\n" % time.time()
            note("web", connection, b"", len(reply))
            connection.sendall(reply)
            continue
        if path == b"/chunks":
            head += b"Transfer-Encoding: chunked\r\n\r\n"
            chunks, framing = [], 0
            size = 10 + count
            for at in range(0, len(body), size):
                part = body[at:at + size]
                frame = b"%x\r\n" % len(part)
                chunks.append(frame + part + b"\r\n")
                framing += len(frame) + 2
            note("web", connection, body, len(head) + framing + 5)
            for part in [head, *chunks, b"0\r\n\r\n"]:
                connection.sendall(part)
            continue
        if path == b"/close":
            note("web", connection, body, len(head) + 2)
            connection.sendall(head + b"\r\n" + body)
            connection.close()
            return
        head += b"Content-Length: %d\r\n\r\n" % len(body)
        if method == b"HEAD":
            note("web", connection, b"", len(head))
            connection.sendall(head)
            continue
        note("web", connection, body, len(head))
        if path == b"/two":
            connection.sendall(head)
            connection.sendall(body)
        else:
            connection.sendall(head + body)


def cache(connection):
    while True:
        key = connection.recv(100)
        if not key:
            return
        value = b"$%d\r\n" % len(key) + key * 20
        note("cache", connection, value)
        connection.sendall(value)


def secret(connection):
    while True:
        request = connection.recv(100)
        if not request:
            return
        record = bytes([23, 3, 3, 0, 32]) + request[:1] * 32
        note("secret", connection, record, encrypted=True)
        connection.sendall(record)


def serve(port, talk):
    listener = socket.create_server((SERVER, port), backlog=64)

    def answer(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talk(connection)
        connection.close()

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


class Client:
    """A client with ports of its own, one after the other, so that each run has the same."""

    def __init__(self, address):
        self.address, self.port = address, 20_000

    def connect(self, server):
        self.port += 1
        link = socket.create_connection((SERVER, server), source_address=(self.address, self.port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if held is not None:
            held.append(link.dup())
        return link

    def send(self, link, bytes_):
        note(self.address, link, bytes_)
        link.sendall(bytes_)

    def http(self, link, path, method=b"GET"):
        self.send(link, method + b" " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        stream = link.makefile("rb")
        length, chunked = None, False
        status = stream.readline()
        while (line := stream.readline()) not in (b"\r\n", b""):
            if line.startswith(b"Content-Length"):
                length = int(line.split(b":")[1])
            chunked |= line.startswith(b"Transfer-Encoding")
        if method == b"HEAD" or b" 304 " in status:
            return
        if chunked:
            while (size := int(stream.readline(), 16)) > 0:
                stream.read(size + 2)
            stream.readline()
        else:
            assert stream.read(length) is not None


def expected():
    """Counts repeats by sets of everything that was sent, and by what each connection has sent last."""
    totals, seen, last = {}, set(), {}
    for container, port, remote, remote_port, body, head, encrypted in sends:
        sum_ = totals.setdefault(container, {
            "bodies": 0, "body_bytes": 0, "peer": {"redundant": 0, "bytes_redundant": 0},
            "container": {"redundant": 0, "bytes_redundant": 0}, "connection": {"redundant": 0, "bytes_redundant": 0},
            "not_judged": 0, "not_judged_bytes": 0, "encrypted_bytes": 0, "head_bytes": 0})
        sum_["head_bytes"] += head
        if encrypted or not body:
            sum_["not_judged"] += 1
            sum_["not_judged_bytes"] += len(body)
            sum_["encrypted_bytes"] += len(body)
            continue
        sum_["bodies"] += 1
        sum_["body_bytes"] += len(body)
        for scope, key in (("peer", (container, remote, port, body)), ("container", (container, body))):
            if key in seen:
                sum_[scope]["redundant"] += 1
                sum_[scope]["bytes_redundant"] += len(body)
            seen.add(key)
        connection = container, port, remote, remote_port
        if last.get(connection) == body:
            sum_["connection"]["redundant"] += 1
            sum_["connection"]["bytes_redundant"] += len(body)
        last[connection] = body
    return totals


loopback_up()
if held is not None:
    print("made", flush=True)
    sys.stdin.readline()
started, packets = threading.Event(), []
capturing = threading.Thread(target=capture, args=(packets,), daemon=True)
capturing.start()
assert started.wait(60), "no packet socket"
for port, talk in ((WEB, web), (CACHE, cache), (SECRET, secret)):
    serve(port, talk)
clients = [Client("127.0.0.2"), Client("127.0.0.3"), Client("127.0.0.4")]
# Health checks: a connection for each.
for turn in range(12):
    client = clients[turn % 2]
    with client.connect(WEB) as link:
        client.http(link, b"/status")
# Polling over one connection; what changes in the head hides nothing.
for client in clients:
    with client.connect(WEB) as link:
        for path in (b"/two", b"/chunks", b"/none", b"/status", b"/large") * 4:
            client.http(link, path)
        client.http(link, b"/two", b"HEAD")
        client.http(link, b"/two")
        client.http(link, b"/close")
    with client.connect(CACHE) as link:
        for turn in range(30):
            client.send(link, b"key-%d" % (turn % 7))
            link.recv(1000)
    with client.connect(SECRET) as link:
        for turn in range(5):
            client.send(link, b"same")
            link.recv(100)
planted = {"segments": 0, "bytes": 0}
if held is not None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as link:
        link.bind(("lo", 0))
        # IPv4 without options behind the header of Ethernet; those of a length that the interface takes as it is.
        for packet in [packet for packet in packets if 200 < len(packet) < 1400][:20]:
            planted["segments"] += 1
            planted["bytes"] += len(packet) - 34 - (packet[46] >> 4) * 4
            link.send(packet)
time.sleep(0.3)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
    link.sendto(LAST, (SERVER, 9))
capturing.join()
with open(f"{folder}/traffic.pcap", "wb") as out:
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
    for packet in packets:
        out.write(struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet)
with open(f"{folder}/expected.json", "w") as out:
    json.dump({"sends": len(sends), "containers": expected(), "planted": planted}, out)
if held is not None:
    print("done", flush=True)
    sys.stdin.readline()
