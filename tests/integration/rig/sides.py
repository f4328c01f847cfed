# SPDX-License-Identifier: Apache-2.0
"""Sources of one agent, each with what it reads and where that goes, and reloads that change them."""

import contextlib
import os
import signal

from . import config
from .reader import Reader
from .wait import wait_for


class Side:
    """A source with what it reads and where that goes."""

    def __init__(self, name, kafka, topic, lineage, oracle, cluster=None):
        self.name, self.kafka, self.topic, self.lineage, self.oracle = name, kafka, topic, lineage, oracle
        self.cluster = cluster
        self.life = 0
        self.there = True
        self.more = {}

    def source(self):
        life = {"name": "life", "value": str(self.life)}
        more = {"cluster": self.cluster} if self.cluster else {}
        headers = [*config.HEADERS, life]
        paths = [f"{self.lineage.path}*"]
        return config.source(self.topic, paths, self.name, headers=headers, **more, **self.more)

    def lives(self):
        """Of its records, by partition, in the order of offsets."""
        found = {}
        for record in Reader(self.kafka.bootstrap, self.topic).records(60):
            found.setdefault(record.partition, []).append(int(dict(record.headers)["life"]))
        return found


class Sides:
    """An agent that ships them, in one life whatever is changed."""

    def __init__(self, agent, manager, sides, kafka, **settings):
        self.agent, self.manager, self.sides = agent, manager, sides
        self.kafka, self.settings = kafka, settings
        agent.env = manager.env()
        self.configure()
        agent.start()
        manager.wait("READY", 1)
        self.pid = agent.process.pid

    def configure(self, extra=""):
        sources = [side.source() for side in self.sides if side.there]
        settings = config.settings("", sources, **self.settings)
        settings["kafka"] = self.kafka
        self.agent.configure(text=config.render_settings(settings) + extra)

    def hang_up(self):
        self.agent.signal(signal.SIGHUP)

    def ready(self):
        return self.manager.firsts().count("READY")

    def reload(self, deadline=20):
        """In the same life."""
        ready, lives = self.ready(), self.agent.messages().count("started:")
        self.configure()
        self.hang_up()
        self.manager.wait("READY", ready + 1, deadline)
        assert self.agent.process.pid == self.pid and self.agent.running()
        assert self.agent.messages().count("started:") == lives, self.agent.messages()[-3000:]

    def restart(self, because):
        """A reload by a restart in place, for which the log names this reason."""
        ready, lives = self.ready(), self.agent.messages().count("started:")
        self.configure()
        self.hang_up()
        self.manager.wait("READY", ready + 1)
        assert self.agent.process.pid == self.pid and self.agent.running()
        assert self.agent.says("reload: restarts in place because", because), self.agent.messages()[-3000:]
        assert self.agent.messages().count("started:") == lives + 1

    def delivered(self, side, count):
        wait_for(lambda: side.oracle.in_topic() >= count, 30, f"{count} lines of {side.name}")

    def descriptor(self, side):
        """The one through which its log is read."""
        for number in os.listdir(f"/proc/{self.pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{self.pid}/fd/{number}") == str(side.lineage.path):
                    return number
        return None

    def all_there(self, written):
        """Each line once, in as many lives as there were; the agent is stopped."""
        for side in self.sides:
            wait_for(side.oracle.complete, 60, f"all lines of {side.name}")
        self.agent.stop()
        for side, lines in zip(self.sides, written, strict=True):
            side.oracle.judge().assert_clean(lines)

    def ends_clean(self, written):
        """The same in one life, whose counters say so, too."""
        self.all_there(written)
        self.agent.assert_true(sum(written))
