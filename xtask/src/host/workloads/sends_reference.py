"""Counts the sends in a file of packets without the agent: sends_reference.py FILE.

Prints one JSON object: by container what docs/sends.md defines. Each direction of each connection is first put together whole and
then divided into messages, and repeats are found by sets of everything that was sent."""

import json
import struct
import sys
from collections import defaultdict

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
LONGEST = 1 << 20


def segments(path):
    """Source, destination, sequence number, flags and payload of each segment over IPv4 over Ethernet."""
    with open(path, "rb") as file:
        header = file.read(24)
        assert header[:4] == b"\xd4\xc3\xb2\xa1" and header[20:24] == b"\x01\0\0\0", "expected a pcap file of Ethernet"
        while header := file.read(16):
            length, on_the_wire = struct.unpack("<8xII", header)
            packet = file.read(length)
            assert length == on_the_wire, "expected whole packets"
            if packet[12:14] != b"\x08\0" or packet[23] != 6:
                continue
            ip = packet[14:]
            # A length of 0 is that of a packet of more than 64 KiB.
            ip = ip[:struct.unpack_from(">H", ip, 2)[0] or len(ip)]
            tcp = ip[(ip[0] & 15) * 4:]
            source, destination, sequence = struct.unpack_from(">HHI", tcp)
            address = lambda at: ".".join(map(str, ip[at:at + 4]))
            yield (address(12), source), (address(16), destination), sequence, tcp[13], tcp[(tcp[12] >> 4) * 4:]


class Direction:
    """One direction of one connection."""

    def __init__(self, sequence, opened):
        self.first, self.opened = sequence, opened
        self.parts, self.pushed = {}, set()

    def take(self, sequence, flags, payload):
        at = (sequence - self.first) % (1 << 32)
        if payload and at < 1 << 31:
            if len(payload) > len(self.parts.get(at, b"")):
                self.parts[at] = payload
            if flags & PSH:
                self.pushed.add(at + len(payload))

    def whole(self):
        """All bytes once, and how many were sent again."""
        data = bytearray()
        for at in sorted(self.parts):
            assert at <= len(data), f"bytes {len(data)} to {at} are missing"
            data += self.parts[at][len(data) - at:]
        return bytes(data)


def directions(path):
    """Sender, receiver and direction, in the order in which they begin."""
    open_, found = {}, []
    for source, destination, sequence, flags, payload in segments(path):
        key = source, destination
        if flags & SYN and (key not in open_ or open_[key].first != (sequence + 1) % (1 << 32)):
            open_[key] = Direction((sequence + 1) % (1 << 32), not flags & ACK)
            found.append((*key, open_[key]))
        if not flags & SYN and payload:
            assert key in open_, "expected the beginning of each connection"
            open_[key].take(sequence, flags, payload)
    return found


def response(data, at):
    """Head, body and end of the response that begins there."""
    end = data.index(b"\r\n\r\n", at) + 4
    lines = data[at:end].split(b"\r\n")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
    status = lines[0].split()[1]
    if status[:1] == b"1" or status in (b"204", b"304") or data.startswith(b"HTTP/1.", end):
        return end - at, b"", end
    if fields.get(b"transfer-encoding", b"").lower().endswith(b"chunked"):
        body, cursor = b"", end
        while True:
            line_end = data.index(b"\r\n", cursor) + 2
            size = int(data[cursor:line_end].split(b";")[0], 16)
            if size == 0:
                break
            body += data[line_end:line_end + size]
            cursor = line_end + size + 2
        end_of_all = data.index(b"\r\n\r\n", line_end - 2) + 4
        return end_of_all - at - len(body), body, end_of_all
    length = int(fields.get(b"content-length", len(data) - end))
    return end - at, data[end:end + length], min(end + length, len(data))


def messages(data, pushed):
    """Bytes of the head, body and whether it is encrypted, of each message."""
    at, encrypted = 0, False
    boundaries = sorted(pushed | {len(data)})
    next_boundary = 0
    while at < len(data):
        if data.startswith(b"HTTP/1.", at) and not encrypted:
            head, body, at = response(data, at)
            yield head, body, False
            continue
        encrypted |= data[at] in range(20, 24) and data[at + 1:at + 2] == b"\3" and data[at + 2] <= 4
        while boundaries[next_boundary] <= at:
            next_boundary += 1
        body = data[at:boundaries[next_boundary]]
        at += len(body)
        yield 0, body, encrypted


def count(path):
    containers, seen = {}, set()
    for (address, port), (remote, remote_port), direction in directions(path):
        container = address if direction.opened else f"{address}:{port}"
        sum_ = containers.setdefault(container, {
            "bodies": 0, "body_bytes": 0, "peer": {"redundant": 0, "bytes_redundant": 0},
            "container": {"redundant": 0, "bytes_redundant": 0}, "connection": {"redundant": 0, "bytes_redundant": 0},
            "not_judged": 0, "not_judged_bytes": 0, "encrypted_bytes": 0, "head_bytes": 0})
        before = None
        for head, body, encrypted in messages(direction.whole(), direction.pushed):
            assert len(body) < LONGEST, "expected bodies of less than 1 MiB"
            sum_["head_bytes"] += head
            if encrypted or not body:
                sum_["not_judged"] += 1
                sum_["not_judged_bytes"] += len(body)
                sum_["encrypted_bytes"] += len(body)
                continue
            sum_["bodies"] += 1
            sum_["body_bytes"] += len(body)
            for scope, key in ("peer", (container, remote, port, body)), ("container", (container, body)):
                if key in seen:
                    sum_[scope]["redundant"] += 1
                    sum_[scope]["bytes_redundant"] += len(body)
                seen.add(key)
            if body == before:
                sum_["connection"]["redundant"] += 1
                sum_["connection"]["bytes_redundant"] += len(body)
            before = body
    return {name: sum_ for name, sum_ in containers.items() if sum_["bodies"] or sum_["not_judged"]}


if __name__ == "__main__":
    print(json.dumps(count(sys.argv[1])))
