"""A client and a server in network namespaces of their own, and a router between them in this one.

Makes two pairs of veth interfaces, lets a client and a server talk through them, and writes expected.json to the folder that
is given: what each has sent, and the bytes that the router has sent on as its interfaces have counted them. Ends with a line
of standard input."""

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys

folder = sys.argv[1]
TURNS, QUESTION, ANSWER = 40, b"\x80question", b"\x80answer " * 4_000
libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def veth(name, peer, pid):
    """Makes a pair: one end here, the other one in the network namespace of a process."""
    end = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + attribute(3, peer.encode() + b"\0") + attribute(19, struct.pack("=I", pid))
    info = attribute(1, b"veth\0") + attribute(2, attribute(1, end))
    body = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + attribute(3, name.encode() + b"\0") + attribute(18, info)
    request = struct.pack("=IHHII", 16 + len(body), 16, 1 | 4 | 0x400 | 0x200, 1, 0) + body
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
        link.send(request)
        error = struct.unpack_from("=i", link.recv(4096), 16)[0]
        assert error == 0, f"veth: {os.strerror(-error)}"


def up(name, address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = name.encode()
        if address:
            where = struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(any_socket, 0x8916, struct.pack("16s16s8x", name, where))
            mask = struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton("255.255.255.0"))
            fcntl.ioctl(any_socket, 0x891C, struct.pack("16s16s8x", name, mask))
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH22x", name, 1 | 64))


def route(gateway):
    """Everything else goes over this gateway."""
    address = lambda text: struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))
    entry = struct.pack("=Q16s16s16sH", 0, address("0.0.0.0"), address(gateway), address("0.0.0.0"), 1 | 2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x890B, entry + bytes(120 - len(entry)))


def inside(interface, address, gateway, work):
    """Starts a process in a network namespace of its own, which waits for its interface."""
    made, ready, again = os.pipe(), os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            assert libc.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            os.write(made[1], b".")
            os.read(ready[0], 1)
            up(interface, address)
            route(gateway)
            work(again)
        except BaseException as error:
            print(f"{interface}: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    assert os.read(made[0], 1) == b".", "no namespace"
    return pid, ready[1], again


def whole(link, length):
    got = b""
    while len(got) < length:
        part = link.recv(length - len(got))
        assert part, "the other end has gone"
        got += part


def server(again):
    with socket.create_server(("0.0.0.0", 80)) as listener:
        os.write(again[1], b".")
        link, _ = listener.accept()
        for _ in range(TURNS):
            whole(link, len(QUESTION))
            link.sendall(ANSWER)
        link.recv(1)


def client(again):
    with socket.create_connection(("10.9.2.2", 80)) as link:
        for _ in range(TURNS):
            link.sendall(QUESTION)
            whole(link, len(ANSWER))
        os.write(again[1], b".")
        # Until the parent has gone, or ends it.
        whole(link, 1)


def counted(name, what):
    with open(f"/proc/net/dev") as lines:
        fields = next(line for line in lines if line.strip().startswith(name + ":")).split(":")[1].split()
    return int(fields[what])


with open("/proc/sys/net/ipv4/ip_forward", "w") as setting:
    setting.write("1")
up("lo", None)
b, ready_b, listens = inside("vb1", "10.9.2.2", "10.9.2.1", server)
a, ready_a, talked = inside("va1", "10.9.1.2", "10.9.1.1", client)
for name, peer, pid, address in (("va0", "va1", a, "10.9.1.1"), ("vb0", "vb1", b, "10.9.2.1")):
    veth(name, peer, pid)
    up(name, address)
print("made", flush=True)
sys.stdin.readline()
os.write(ready_b, b".")
assert os.read(listens[0], 1) == b"."
os.write(ready_a, b".")
assert os.read(talked[0], 1) == b"."
with open(f"{folder}/expected.json", "w") as out:
    json.dump({"turns": TURNS, "question": len(QUESTION), "answer": len(ANSWER),
               "forwarded_packets": sum(counted(name, 9) for name in ("va0", "vb0")),
               "forwarded_bytes": sum(counted(name, 8) for name in ("va0", "vb0"))}, out)
print("done", flush=True)
sys.stdin.readline()
os.kill(a, 9)
os.kill(b, 9)
