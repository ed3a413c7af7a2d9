"""Real servers and their clients in a network namespace of their own: sends.py NAME FOLDER.

Writes what was sent to traffic.pcap and the versions of the programs to run.json. Begins and ends with a line of standard input,
as host-agent/tests/capture/beside.py asks for it. FOLDER is ours."""

import fcntl
import http.client
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import time

folder = pathlib.Path(sys.argv[2])
LIMIT = 120
OUTGOING = 4
LAST = b"the last packet of the capture"
PORT = 8080
started = []
PAGE = json.dumps({"status": "ok", "items": [{"number": at, "name": f"item {at}"} for at in range(60)]}).encode()


def start(*command, **options):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
                               **options)
    started.append(process)


def version(*command):
    """The first word with a digit and a dot of what a program prints of itself."""
    text = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout
    words = [word.rpartition("=")[2].rpartition("/")[2].lstrip("v") for word in text.split()]
    return next(word for word in words if word[:1].isdigit() and "." in word)


def wait_for_port(port):
    begun = time.monotonic()
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert all(process.poll() is None for process in started), "a server has ended"
            assert time.monotonic() - begun < LIMIT, f"no server at port {port} after {LIMIT} s"
            time.sleep(0.02)


def get(link, path="/"):
    link.request("GET", path)
    answer = link.getresponse()
    body = answer.read()
    assert answer.status == 200, (answer.status, body)
    return body


def client(address="127.0.0.1", port=PORT):
    return http.client.HTTPConnection("127.0.0.1", port, source_address=(address, 0))


def probe(count, addresses=("127.0.0.1",), path="/"):
    """Asks with a connection each time."""
    for turn in range(count):
        link = client(addresses[turn % len(addresses)])
        get(link, path)
        link.close()


def poll(count, interval, path="/", addresses=("127.0.0.1",)):
    """Asks over one connection of each address, at an interval in seconds."""
    links = [client(address) for address in addresses]
    for _ in range(count):
        for link in links:
            get(link, path)
        time.sleep(interval)
    for link in links:
        link.close()


def nginx():
    (folder / "www").mkdir()
    (folder / "www/index.html").write_bytes(PAGE)
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; error_log stderr; pid {folder}/nginx.pid;
events {{}}
http {{ access_log off; server {{ listen 127.0.0.1:{PORT}; root {folder}/www; }} }}
""")
    start("nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"))
    return {"nginx": version("nginx", "-v")}


def node():
    (folder / "server.js").write_text(f"""
require("http").createServer((request, response) => {{
  response.setHeader("Content-Type", "application/json");
  response.end({json.dumps(PAGE.decode())});
}}).listen({PORT}, "127.0.0.1");
""")
    start("node", str(folder / "server.js"))
    return {"node": version("node", "--version")}


def uvicorn():
    (folder / "app.py").write_text(f"""
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    await send({{"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json"),
               (b"content-length", b"{len(PAGE)}")]}})
    await send({{"type": "http.response.body", "body": {PAGE!r}}})
""")
    start(sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(PORT), "--log-level", "error", "app:app",
          cwd=folder)
    import uvicorn as of_uvicorn
    return {"python": sys.version.split()[0], "uvicorn": of_uvicorn.__version__}


def python_server():
    (folder / "www").mkdir()
    (folder / "www/index.html").write_bytes(PAGE)
    start(sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder / "www"), "--protocol",
          "HTTP/1.1", str(PORT), stderr=subprocess.DEVNULL)
    return {"python": sys.version.split()[0]}


def redis():
    start("redis-server", "--port", str(PORT), "--bind", "127.0.0.1", "--save", "", cwd=folder)
    return {"redis": version("redis-server", "--version")}


def redis_keys():
    with socket.create_connection(("127.0.0.1", PORT)) as link:
        for number in range(100):
            key, value = b"key:%012d" % number, b"%03d " % number * 100
            link.sendall(b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(key), key, len(value), value))
            assert link.recv(100) == b"+OK\r\n"
    subprocess.run(["redis-benchmark", "-p", str(PORT), "-q", "-c", "5", "-n", "20000", "-r", "100", "GET",
                    "key:__rand_int__"], check=True, stdout=subprocess.DEVNULL)


def prometheus():
    (folder / "prometheus.yml").write_text(f"""
scrape_configs:
- job_name: itself
  scrape_interval: 500ms
  scrape_timeout: 500ms
  static_configs: [{{targets: ['127.0.0.1:{PORT}']}}]
""")
    start("prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
          f"--web.listen-address=127.0.0.1:{PORT}", stderr=subprocess.DEVNULL)
    return {"prometheus": version("prometheus", "--version")}


# By name: the server, and what its clients do.
TWO = ("127.0.0.2", "127.0.0.3")
WORKLOADS = {
    "nginx-health": (nginx, lambda: probe(200)),
    "nginx-polled": (nginx, lambda: poll(40, 0.2)),
    "node-polled": (node, lambda: poll(40, 0.2)),
    "uvicorn": (uvicorn, lambda: poll(200, 0.01)),
    "two-peers": (python_server, lambda: (probe(40, TWO), poll(20, 0, addresses=TWO))),
    "redis-get": (redis, redis_keys),
    "prometheus": (prometheus, lambda: time.sleep(10)),
}


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 1 | 64))


class Capture:
    """The packets that go out over the loopback interface."""

    def __init__(self):
        self.packets = []
        self.link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.link.setsockopt(socket.SOL_SOCKET, 33, 256 << 20)  # SO_RCVBUFFORCE
        self.link.bind(("lo", 3))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            data, (_, _, kind, *_) = self.link.recvfrom(1 << 20)
            if kind == OUTGOING and data.endswith(LAST):
                return
            if kind == OUTGOING:
                self.packets.append(data)

    def end(self, path):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.sendto(LAST, ("127.0.0.1", 9))
        self.thread.join()
        dropped = struct.unpack("II", self.link.getsockopt(263, 6, 8))[1]  # SOL_PACKET, PACKET_STATISTICS
        assert dropped == 0, f"{dropped} packets were dropped"
        with open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 20, 1))
            for packet in self.packets:
                out.write(struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet)


if __name__ == "__main__":
    loopback_up()
    print("made", flush=True)
    sys.stdin.readline()
    server, clients = WORKLOADS[sys.argv[1]]
    try:
        capture = Capture()
        programs = server()
        wait_for_port(PORT)
        clients()
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()
    time.sleep(0.2)
    capture.end(folder / "traffic.pcap")
    with open(folder / "run.json", "w") as out:
        json.dump({"programs": programs, "page_bytes": len(PAGE), "packets": len(capture.packets)}, out)
    print("done", flush=True)
    sys.stdin.readline()
