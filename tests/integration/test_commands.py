# SPDX-License-Identifier: Apache-2.0
"""The command line as a newcomer meets it: wrong words, no configuration, a terminal of 80x24, a reader
that goes away. Needs no Kafka."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios

import pytest
from rig.agent import EX_CONFIG, EX_IOERR, EX_NOINPUT, EX_OK, EX_USAGE
from rig.config import render_settings
from rig.paths import WAYBILL
from rig.process import read_terminal
from rig.wait import wait_for

DEADLINE = 60
COMMANDS = ["run", "preview", "test", "check", "status", "explain", "metrics", "demo"]


@pytest.fixture
def conf(tmp_path):
    path = tmp_path / "waybill.conf"
    settings = {"kafka": {"bootstrap_servers": "no.such.host.invalid:9092"}}
    settings["parsers"] = [{"name": "p", "pattern": r"^(?<id>\d+) "}]
    settings["sources"] = [
        {"name": "s", "paths": [f"{tmp_path}/*.log"], "parser": "p", "topic": "t", "key": "${id}"}
    ]
    path.write_text(render_settings(settings))
    (tmp_path / "a.log").write_text("".join(f"{i} {'x' * 60}\n" for i in range(20000)))
    (tmp_path / "a.test").write_text('config waybill.conf\n< 1 x\n> {"key": "1"}\n' * 500)
    return path


def run(*arguments, expect=EX_OK, **options):
    done = subprocess.run(
        [WAYBILL, *map(str, arguments)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=DEADLINE,
        text=True,
        **options,
    )
    assert done.returncode == expect, (done.stdout, done.stderr)
    return done.stdout, done.stderr


def commands(conf):
    """Each that ends by itself and prints more than a pipe holds, or little."""
    return [
        ["--help"],
        ["--version"],
        *([name, "--help"] for name in COMMANDS),
        ["check", "--no-network", "--config", conf],
        ["check", "--print", "--config", conf],
        ["preview", "--config", conf, conf.parent / "a.log"],
        ["preview", "--json", "--config", conf, conf.parent / "a.log"],
        ["test", conf.parent / "a.test"],
    ]


# Words that are not known


@pytest.mark.parametrize(
    "word, meant", [("chek", "check"), ("version", "--version"), ("previw", "preview")]
)
def test_unknown_command(word, meant):
    out, err = run(word, expect=EX_USAGE)
    assert out == "" and err.splitlines() == [
        f'waybill: unknown command "{word}" (did you mean "{meant}"?)',
        "Try `waybill --help`.",
    ]


def test_no_command():
    out, err = run(expect=EX_USAGE)
    assert out == "" and err.startswith("waybill ships log files")
    for word in ("--help", "-h", "help"):
        assert run(word) == (err, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_unknown_option(command):
    out, err = run(command, "--nonsense", expect=EX_USAGE)
    lines = err.splitlines()
    assert out == "" and lines[0] == f"waybill {command}: unrecognized option '--nonsense'"
    assert lines[1].startswith(f"usage: waybill {command}")
    assert lines[-1] == f"Try `waybill {command} --help`." and len(lines) <= 6


def test_arguments_that_nobody_wants():
    for command in ("run", "check"):
        _, err = run(command, "my.conf", expect=EX_USAGE)
        assert err.startswith(f'waybill {command}: "my.conf" is an argument too many; ')
        assert "--config my.conf\n" in err
    _, err = run("run", "--log-level", "loud", expect=EX_USAGE)
    assert '"loud"' in err and "notice" in err.splitlines()[0]


def test_no_configuration():
    """The default one is not there where tests run."""
    for command in ("run", "preview", "check"):
        out, err = run(command, expect=EX_NOINPUT)
        first, second = err.splitlines()
        assert out == "" and first.startswith("/etc/waybill/waybill.conf: cannot be read: ")
        assert "--config" in second and "waybill demo" in second


def test_directory_for_a_configuration(tmp_path):
    for command in ("run", "preview", "check"):
        _, err = run(command, "--config", tmp_path, expect=EX_NOINPUT)
        assert err == f"{tmp_path}: is a directory\n"


# Where the output goes


@pytest.mark.scenario("F02")
def test_reader_that_goes_away(conf):
    """No message: neither where SIGPIPE ends the process nor where it is ignored."""
    for command in commands(conf):
        for ignored in (False, True):
            read, write = os.pipe()
            os.close(read)
            process = subprocess.Popen(
                [WAYBILL, *map(str, command)],
                stdout=write,
                stderr=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                restore_signals=not ignored,
            )
            os.close(write)
            _, err = process.communicate(timeout=DEADLINE)
            assert err == b"", (command, err)
            assert process.returncode == (EX_IOERR if ignored else -signal.SIGPIPE), command


def test_full_disk(conf):
    for command in commands(conf):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [WAYBILL, *map(str, command)],
                stdout=full,
                stderr=subprocess.PIPE,
                timeout=DEADLINE,
            )
        assert done.stderr == b"waybill: standard output: No space left on device\n", command
        assert done.returncode == EX_IOERR, command


def terminal(*arguments):
    """What a terminal of 80x24 gets, and the exit status."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = dict(os.environ, LC_ALL="C.UTF-8", TERM="xterm")
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [WAYBILL, *map(str, arguments)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
    )
    os.close(slave)
    return read_terminal(master), process.wait(DEADLINE)


def widest(text):
    return max(map(len, re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()))


def test_terminal(conf):
    tests = conf.parent / "b.test"
    tests.write_text(
        'config waybill.conf\n< 17 what\n> {"key": "18", "partition": 3, '
        f'"value": "17 {"w" * 90}hat"}}\n'
    )
    for name in COMMANDS:
        help_, status = terminal(name, "--help")
        assert status == EX_OK and widest(help_) <= 80
        assert len(help_.splitlines()) < 24, f"{name} --help scrolls away"
    for command, wanted in (
        (["--help"], EX_OK),
        (["run", "--nonsense"], EX_USAGE),
        (["test", tests], 1),
        (["preview", "--config", conf, conf.parent / "a.log"], EX_OK),
        (["check", "--no-network", "--config", conf], None),
        (["run", "--config", conf.parent], EX_NOINPUT),
    ):
        out, status = terminal(*command)
        # A path is not cut, and here it may be a long one.
        assert widest(out.replace(str(conf.parent), "")) <= 80, out
        assert status == wanted or wanted is None


def test_colours_on_a_terminal_only(conf):
    tests = conf.parent / "b.test"
    tests.write_text('config waybill.conf\n< 17 what\n> {"key": "18"}\n')
    out, _ = terminal("test", tests)
    plain, _ = run("test", tests, expect=1)
    assert '"1\x1b[32m8\x1b[0m"' in out and '"1\x1b[31m7\x1b[0m"' in out
    assert "\x1b" not in plain and re.sub(r"\x1b\[[\d;]*m", "", out) == plain


def test_syntax_errors_on_a_terminal(conf):
    conf.write_text("kafka: {\n  bootstrap_servers = no.quotes;\n};\n")
    for command in (["run"], ["preview"], ["check", "--quiet", "--no-network"]):
        out, status = terminal(*command, "--config", conf)
        assert status == EX_CONFIG
        said = re.sub(r"\x1b\[[\d;]*m", "", out).replace("\n    ", " ").splitlines()
        assert len(said) == 1 and said[0].startswith(f"{conf}:2: "), said
        assert said[0].endswith('syntax error: text is written in quotes: name = "value";')


@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)])
def test_a_stream_that_is_closed_is_no_file_of_ours(conf, closed):
    """Messages went to what was opened next and got its number: the lock of the state, or a broker."""

    def close():
        for stream in closed:
            os.close(stream)

    state = conf.parent / "state"
    agent = subprocess.Popen(
        [WAYBILL, "run", "--config", conf, "--state-dir", state, "--until-eof"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=close,
    )
    try:
        wait_for(lambda: (state / "control").exists(), DEADLINE, "the agent")
        streams = [os.readlink(f"/proc/{agent.pid}/fd/{stream}") for stream in range(3)]
        assert streams == ["/dev/null"] * 3
        agent.terminate()
        agent.wait(DEADLINE)
    finally:
        agent.kill()
    assert b"waybill: " not in (state / "lock").read_bytes()
    done = subprocess.run([WAYBILL, "--help"], stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1), check=False)
    assert done.returncode == EX_IOERR and b"Bad file descriptor" in done.stderr
