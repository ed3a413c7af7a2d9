"""Runs an agent beside a script that makes traffic: beside.py FILE SCRIPT ARGUMENTS... -- AGENT ARGUMENTS...

The script prints `made` and waits for a line, makes its traffic, prints `done` and waits for another one. The agent captures
between the two, from when it has made FILE; then it gets SIGINT. Ends as the agent does, or with 77 when the script prints
`none`: what it needs is not to be had here."""

import os
import signal
import subprocess
import sys
import time

path, *rest = sys.argv[1:]
at = rest.index("--")
script = subprocess.Popen([sys.executable, *rest[:at]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def expect(line):
    found = script.stdout.readline().strip()
    if found == "none":
        sys.exit(77)
    assert found == line, f"expected {line!r} of the script, found {found!r}"


def go_on():
    script.stdin.write("\n")
    script.stdin.flush()


try:
    expect("made")
    agent = subprocess.Popen(rest[at + 1:])
    while not os.path.exists(path):
        assert agent.poll() is None, "the agent has ended"
        time.sleep(0.02)
    go_on()
    expect("done")
    agent.send_signal(signal.SIGINT)
    status = agent.wait()
    go_on()
    assert script.wait() == 0, "the script failed"
finally:
    script.kill()
sys.exit(status)
