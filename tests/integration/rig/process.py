# SPDX-License-Identifier: Apache-2.0
"""Child processes that die with the test run, and what /proc says of them."""

import ctypes
import os
import random
import signal
import socket
import subprocess

from .paths import WORKER

PR_SET_PDEATHSIG = 1
TICKS = os.sysconf("SC_CLK_TCK")
_libc = ctypes.CDLL(None, use_errno=True)


def spawn(command, output, before=None, stdout=None, **options):
    """Popen with stdin closed, stderr and unless told otherwise stdout in the file `output`
    (appended); before() is called in the child."""

    def prepare():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # Who started the tests with nohup(1) did not mean the agent.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        if before:
            before()

    with open(output, "ab") as file:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=file if stdout is None else stdout,
            stderr=file,
            preexec_fn=prepare,
            **options,
        )


def read_terminal(master):
    """All that was written to a terminal until nobody has it open; closes our end."""
    out = b""
    try:
        while piece := os.read(master, 65536):
            out += piece
    except OSError:  # how Linux tells the end of a terminal
        pass
    os.close(master)
    return out.decode().replace("\r\n", "\n")


def cpu_seconds(pid):
    """User and system time of all threads of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def status(pid):
    """/proc/PID/status as a dict of texts."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return {name: text.strip() for name, _, text in (line.partition(":") for line in file)}


def peak_rss_kib(pid):
    return int(status(pid)["VmHWM"].split()[0])


def minded_signals(pid):
    """Numbers of the signals that are caught, or blocked as for a signalfd."""
    facts = status(pid)
    mask = int(facts["SigBlk"], 16) | int(facts["SigCgt"], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def free_port():
    """A free port below the ephemeral range: a client that reconnects to a dead broker's port on
    loopback could otherwise be given that very port and connect to itself. Between the probe and
    the use nobody else may be given it: each process of a test run (pytest -n) has its own ports."""
    first = 15000 + 1000 * (int(WORKER.removeprefix("gw") or 0) % 15)
    for _ in range(1000):
        port = random.randint(first, first + 999)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port")
