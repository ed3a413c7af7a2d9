"""Real programs whose processes copy pages: copies.py NAME FOLDER.

Prints a line of JSON with the `root` of the family and the versions of its programs once the pages are as they are to be looked
at, and ends everything with the end of standard input. FOLDER is empty and is ours."""

import gc
import json
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import sys
import time

folder = pathlib.Path(sys.argv[2])
LIMIT = 300
started, forked = [], []


def start(*command, **options):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True, **options)
    started.append(process)
    return process


def wait_for(what, condition):
    begun = time.monotonic()
    while not (value := condition()):
        assert all(process.poll() is None for process in started), f"a program has ended before {what}"
        assert time.monotonic() - begun < LIMIT, f"no {what} after {LIMIT} s"
        time.sleep(0.02)
    return value


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def version(*command):
    """The first word with a digit and a dot of what a program prints of itself."""
    text = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout
    words = [word.rpartition("=")[2].rpartition("/")[2] for word in text.split()]
    return next(word for word in words if word[:1].isdigit() and "." in word)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


PYTHON = {"python": sys.version.split()[0]}

# Workers of Python


kept = []


def keep(value):
    """Lets the parent have it until the end: what it gives back looks as if only its workers had allocated it."""
    kept.append(value)
    return value


def workers(count, work):
    """Forks workers that do their work once and then wait; returns when all have."""
    ready_in, ready_out = os.pipe()
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            try:
                work()
                os.write(ready_out, b".")
                signal.pause()
            finally:
                os._exit(1)
        forked.append(pid)
    os.close(ready_out)
    left = count
    while left:
        done = len(os.read(ready_in, left))
        assert done, "a worker has ended"
        left -= done


def dataloader_dicts(read):
    """The shape of PyTorch's DataLoader: the parent has the samples as objects, and workers read them, or do not."""
    samples = keep([{"path": f"image-{number}.jpg", "label": number} for number in range(300_000)])
    workers(3, lambda: sum(sample["label"] for sample in samples) if read else None)
    return os.getpid(), PYTHON


def dataloader_numpy():
    """The same with the samples in arrays."""
    import numpy
    labels = keep(numpy.arange(300_000, dtype=numpy.int64))
    paths = keep(numpy.array([f"image-{number}.jpg" for number in range(300_000)], dtype="S16"))
    workers(3, lambda: (int(labels.sum()), int(paths.view(numpy.uint8).sum(dtype=numpy.int64))))
    return os.getpid(), PYTHON | {"numpy": numpy.__version__}


def collect(freeze):
    """Workers that only collect garbage."""
    keep([[number] for number in range(200_000)])
    if freeze:
        gc.freeze()
    workers(3, gc.collect)
    return os.getpid(), PYTHON


# Redis


def redis(command):
    """Redis during BGSAVE, while existing keys are rewritten by one command with what they have, or counted up."""
    keys = 20_000
    port = free_port()
    # The child of BGSAVE waits before each key that it saves, so that it is there for as long as it is looked at.
    start("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "",
          "--rdb-key-save-delay", "100000000", cwd=folder)

    def connect():
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            return None

    link = wait_for("connection to redis", connect)
    stream = link.makefile("rb")

    def send(commands):
        for at in range(0, len(commands), 1_000):
            part = commands[at:at + 1_000]
            link.sendall(b"".join(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
                                  for words in part))
            for _ in part:
                reply = stream.readline()
                assert reply[:1] in b"+:", reply

    key = lambda number: b"key:%06d" % number
    value = lambda number: b"%08d" % number * 125
    fill, rewrite = {
        "SET": (lambda at: [b"SET", key(at), value(at)], lambda at: [b"SET", key(at), value(at)]),
        "SETRANGE": (lambda at: [b"SET", key(at), value(at)], lambda at: [b"SETRANGE", key(at), b"0", value(at)[:100]]),
        "HSET": (lambda at: [b"HSET", key(at), b"field", value(at)[:500]], lambda at: [b"HSET", key(at), b"field", value(at)[:500]]),
        "INCR": (lambda at: [b"SET", key(at), b"%d" % (100_000 + at)], lambda at: [b"INCR", key(at)]),
    }[command]
    send([fill(at) for at in range(keys)])
    send([[b"BGSAVE"]])
    wait_for("child of BGSAVE", lambda: children(started[0].pid))
    send([rewrite(at) for at in range(keys)])
    return started[0].pid, {"redis": version("redis-server", "--version")}


# PostgreSQL


def postgres():
    """40 connections of pgbench, which also ask the catalogs."""
    bin_ = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    user = pwd.getpwnam("postgres")
    data, port = folder / "data", str(free_port())
    os.chmod(folder, 0o755)
    data.mkdir()
    os.chown(data, user.pw_uid, user.pw_gid)
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([bin_ / "initdb", "-D", data, "--no-sync", "--auth=trust"], check=True, **as_user, **quiet)
    start(bin_ / "postgres", "-D", data, "-p", port, "-h", "127.0.0.1", "-k", data, "-c", "fsync=off",
          "-c", "autovacuum=off", stderr=subprocess.DEVNULL, **as_user)
    to = ["-h", "127.0.0.1", "-p", port, "-U", "postgres"]
    ready = lambda: subprocess.run([bin_ / "pg_isready", *to], stdout=subprocess.DEVNULL).returncode == 0
    wait_for("answer of PostgreSQL", ready)
    subprocess.run([bin_ / "pgbench", *to, "-i", "-q", "postgres"], check=True, **quiet)
    catalogs = folder / "catalogs.sql"
    catalogs.write_text("SELECT count(*) FROM information_schema.columns;\nSELECT count(*) FROM pg_catalog.pg_indexes;\n")
    log = folder / "log"
    with open(log, "wb") as out:
        start(bin_ / "pgbench", *to, "-n", "-c", "40", "-j", "2", "-t", "1000000", "-P", "1", "-b", "tpcb-like@4", "-f",
              f"{catalogs}@1", "postgres", stderr=out)
    done = lambda: sum(float(line.split()[3]) for line in log.read_text().splitlines() if "progress:" in line)
    # Several transactions of each connection, so that each has filled its caches.
    wait_for("transactions of pgbench", lambda: done() > 40 * 10)
    return started[0].pid, {"postgresql": version(bin_ / "postgres", "--version")}


# gunicorn


def gunicorn():
    """gunicorn --preload with Django: each worker makes its routes at its first request."""
    port = free_port()
    (folder / "shop.py").write_text(f"""
import os
from django.conf import settings
settings.configure(SECRET_KEY="x", ROOT_URLCONF="routes", ALLOWED_HOSTS=["*"],
                   INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
                                   "django.contrib.messages", "django.contrib.admin"],
                   MIDDLEWARE=["django.middleware.common.CommonMiddleware"])
import django
django.setup()
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
""")
    (folder / "routes.py").write_text("""
import os
from django.contrib import admin
from django.http import HttpResponse
from django.urls import path, reverse
def index(request, **_):
    return HttpResponse(f"{os.getpid()} {reverse('item-7', args=[7])}")
urlpatterns = [path("", index), path("admin/", admin.site.urls)]
urlpatterns += [path(f"shop/<int:number>/part-{part}/", index, name=f"item-{part}") for part in range(40_000)]
""")
    start(sys.executable, "-m", "gunicorn", "--preload", "--workers", "4", "--bind", f"127.0.0.1:{port}", "--log-level",
          "critical", "shop:application", cwd=folder)

    def ask():
        try:
            with socket.create_connection(("127.0.0.1", port)) as link:
                link.sendall(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
                answer = link.makefile("rb").read()
        except ConnectionRefusedError:
            return None
        assert b" 200 " in answer.splitlines()[0], answer
        return int(answer.split(b"\r\n\r\n")[1].split()[0])

    asked = set()

    def all_have_answered():
        asked.add(ask())
        return len(asked - {None}) == 4

    wait_for("answer of each worker", all_have_answered)
    import django as of_django
    import gunicorn as of_gunicorn
    return started[0].pid, PYTHON | {"gunicorn": of_gunicorn.__version__, "django": of_django.get_version()}


WORKLOADS = {
    "redis-set": lambda: redis("SET"), "redis-setrange": lambda: redis("SETRANGE"), "redis-hset": lambda: redis("HSET"),
    "redis-incr": lambda: redis("INCR"), "postgresql": postgres, "gunicorn": gunicorn,
    "dataloader-dicts": lambda: dataloader_dicts(True), "dataloader-idle": lambda: dataloader_dicts(False),
    "dataloader-numpy": dataloader_numpy,
    "gc-collect": lambda: collect(False), "gc-freeze": lambda: collect(True),
}

if __name__ == "__main__":
    try:
        root, programs = WORKLOADS[sys.argv[1]]()
        print(json.dumps({"root": root, "programs": programs}), flush=True)
        sys.stdin.read()
    finally:
        for pid in forked:
            os.kill(pid, signal.SIGKILL)
        for process in reversed(started):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
