"""Processor time of a packet with the source `capture` and without it: capture_cost.py FOLDER AGENT ARGUMENTS...

In a network namespace of its own, redis-benchmark asks a redis-server for keys, by turns with the agent beside it and without.
Prints one JSON object with the time of server, clients and agent for each packet, in each turn."""

import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import time

import sends

ROUNDS, REQUESTS = 3, 100_000
folder, agent = pathlib.Path(sys.argv[1]), sys.argv[2:]


def seconds(pid):
    """Time that a process has used."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ended():
    """Time that children have used which have ended."""
    of_children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return of_children.ru_utime + of_children.ru_stime


def packets():
    with open("/proc/net/dev") as file:
        return next(int(line.split()[10]) for line in file if line.strip().startswith("lo:"))


def turn(server, beside):
    recording = folder / "live.rec"
    running = None
    if beside:
        recording.unlink(missing_ok=True)
        running = subprocess.Popen([*agent, recording], stderr=subprocess.DEVNULL)
        while not recording.exists():
            assert running.poll() is None, "the agent has ended"
            time.sleep(0.02)
    before = seconds(server), ended(), packets()
    subprocess.run(["redis-benchmark", "-p", str(sends.PORT), "-q", "-c", "5", "-n", str(REQUESTS), "-r", "100", "GET",
                    "key:__rand_int__"], check=True, stdout=subprocess.DEVNULL)
    of_both = seconds(server) - before[0] + ended() - before[1]
    sent, of_agent = packets() - before[2], 0
    if running:
        reaped = ended()
        running.send_signal(signal.SIGINT)
        assert running.wait() == 0, "the agent failed"
        of_agent = ended() - reaped
    return {"us_a_packet": (of_both + of_agent) / sent * 1e6, "of_agent": of_agent / sent * 1e6, "packets": sent}


sends.loopback_up()
sends.folder = folder
try:
    programs = sends.redis()
    sends.wait_for_port(sends.PORT)
    server = sends.started[0].pid
    turn(server, False)
    turns = [(turn(server, False), turn(server, True)) for _ in range(ROUNDS)]
finally:
    for process in sends.started:
        process.terminate()
        process.wait()
print(json.dumps({"programs": programs, "without": [pair[0] for pair in turns], "with": [pair[1] for pair in turns]}))
