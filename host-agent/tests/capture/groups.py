"""Two servers in control groups of their own, of version 2 or 1, and a client that talks to both.

Writes expected.json to the folder that is given: what each group has sent. Prints `none` where no group can be made."""

import fcntl
import json
import os
import socket
import struct
import sys

folder, version = sys.argv[1:3]
# By server: answers, and their length.
SERVERS = [(7, 100), (5, 3_000)]


def root():
    """Where the hierarchy is mounted whose path names a process."""
    with open("/proc/self/mountinfo") as mounts:
        for line in mounts:
            before, behind = line.split(" - ")
            kind, _, options = behind.split()
            at = before.split()[4]
            if version == "v2" and kind == "cgroup2" or version == "v1" and "memory" in options.split(","):
                return at
    return None


def serve(group, turns, length, port_out, end_in):
    with open(f"{group}/cgroup.procs", "w") as members:
        members.write("0")
    listener = socket.create_server(("127.0.0.1", 0))
    os.write(port_out, struct.pack("H", listener.getsockname()[1]))
    link, _ = listener.accept()
    for turn in range(turns):
        assert link.recv(1) == b"?"
        link.sendall(b"\x80" + bytes([turn % 3]) * (length - 1))
    os.read(end_in, 1)


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 1 | 64))
mount = root()
names = [f"deltascope-test-{os.urandom(6).hex()}-{which}" for which in "ab"]
groups = [f"{mount}/{name}" for name in names]
try:
    assert mount
    for group in groups:
        os.mkdir(group)
except (AssertionError, OSError):
    print("none", flush=True)
    sys.exit(0)
print("made", flush=True)
sys.stdin.readline()
children, links = [], []
end_in, end_out = os.pipe()
for group, (turns, length) in zip(groups, SERVERS):
    port_in, port_out = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(end_out)
        serve(group, turns, length, port_out, end_in)
        os._exit(0)
    children.append(pid)
    port, = struct.unpack("H", os.read(port_in, 2))
    link = socket.create_connection(("127.0.0.1", port))
    for _ in range(turns):
        link.sendall(b"?")
        left = length
        while left:
            left -= len(link.recv(left))
    links.append(link)
with open(f"{folder}/expected.json", "w") as out:
    json.dump({"/" + name: {"bodies": turns, "body_bytes": turns * length, "redundant": turns - 3}
               for name, (turns, length) in zip(names, SERVERS)}, out)
print("done", flush=True)
sys.stdin.readline()
os.close(end_out)
for child in children:
    os.waitpid(child, 0)
for group in groups:
    os.rmdir(group)
