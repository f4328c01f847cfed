# SPDX-License-Identifier: Apache-2.0
"""How far it is: on a terminal, where there is one, and in the status for systemd."""

import os
import re
import socket

from rig import config
from rig.terminal import Terminal
from rig.wait import wait_for

KIB = 1024
LINE = b"x" * 1023 + b"\n"
FAR = 24 * KIB  # lines: more than what counts as behind


def configuration(cluster, topic, work, **more):
    one = {"name": "a", "paths": [str(work / "log" / "*.log")], "topic": topic}
    return config.render_settings(config.settings(cluster.bootstrap, [one], **more))


def draws(terminal, pattern):
    return wait_for(
        lambda: re.search(pattern, terminal.text(), re.MULTILINE), 40, lambda: f"{pattern} in {terminal.text()}"
    )


def test_until_eof_on_a_terminal(cluster, topic, work, make_agent):
    (work / "log" / "a.log").write_bytes(LINE * 1024)
    agent = make_agent(text=configuration(cluster, topic, work, max_rate="256KiB/s"))
    terminal = Terminal(agent.command("--until-eof"))
    draws(terminal, r"^\d+\.\d % of 1\.0 MB, \d+\.\d MB/s, \d+ s left$")
    # No message stands in the same line, and nothing of it is left in the end.
    assert re.search(r"^waybill: info: started: .*", terminal.text(), re.MULTILINE)
    assert wait_for(lambda: terminal.process.poll() is not None or terminal.take(), 60, "its end") is True
    assert terminal.process.returncode == 0
    assert " left\n" not in terminal.text() and "lines_delivered=1024" in terminal.text().replace("\n", "")


def test_no_line_without_a_terminal(cluster, topic, work, make_agent):
    (work / "log" / "a.log").write_bytes(LINE * 512)
    agent = make_agent(text=configuration(cluster, topic, work, max_rate="256KiB/s"))
    assert agent.run("--until-eof") == 0
    assert "\r" not in agent.messages() and " left" not in agent.messages()


def test_catching_up(cluster, topic, work, make_agent):
    """It comes to its end, which is told, though the file goes on growing."""
    path = work / "log" / "a.log"
    path.write_bytes(LINE * FAR)
    agent = make_agent(text=configuration(cluster, topic, work, max_rate="4MiB/s"))
    name = f"waybill-progress-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name)
        manager.setblocking(False)
        statuses = []

        def said(pattern):
            try:
                while True:
                    statuses.extend(re.findall(r"STATUS=(.*)", manager.recv(4096).decode()))
            except BlockingIOError:
                return any(re.search(pattern, status) for status in statuses)

        agent.env = {**os.environ, "NOTIFY_SOCKET": f"@{name}"}
        agent.start()
        progress = r"^catching up: \d+\.\d % of 25\.2 MB, \d\.\d MB/s, \d+ s left; 1 file, \d+ bytes behind"
        wait_for(lambda: said(progress), 30, lambda: statuses)
        with path.open("ab") as log:
            log.write(LINE * 64)
        agent.wait_says("caught up: of 25.2 MB", deadline=60)
        agent.counted(lines_delivered=FAR + 64)
        statuses.clear()
        wait_for(lambda: said("^1 file, 0 bytes behind"), 30, lambda: statuses)
        agent.stop()
    assert not any("catching up" in status for status in statuses)


def test_nothing_to_catch_up(cluster, topic, work, make_agent):
    (work / "log" / "a.log").write_bytes(LINE * 512)
    agent = make_agent(text=configuration(cluster, topic, work))
    agent.start()
    agent.counted(lines_delivered=512)
    agent.stop()
    assert not agent.says("caught up")


def test_dead_letters_that_are_sent_again(cluster, topic, work, make_agent):
    """As many as take some looks: bytes, records a second, time left."""
    rule = {"parser": "order", "key": "${k}", "on_missing_key": "dead_letter"}
    (work / "log" / "a.log").write_text("nothing\n" * 3000)
    one = {"name": "a", "paths": [str(work / "log" / "*.log")], "topic": topic, **rule}
    text = config.render_settings(
        config.settings(cluster.bootstrap, [one], pattern=r"k=(?<k>\S+)$", max_rate="1MiB/s")
    )
    agent = make_agent(text=text)
    agent.start()
    agent.counted(lines_dead=3000, checkpoints=2)
    where = ["--config", agent.config, "--state-dir", agent.state]
    terminal = Terminal([agent.program, "dead-letters", "replay", *where, "a", "--yes"])
    draws(terminal, r"^\d+ of 3000, [0-9.]+ \w+, \d+/s, \d+ (s|min) left")
    terminal.process.kill()
    terminal.process.wait()
    agent.stop()
