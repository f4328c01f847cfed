# SPDX-License-Identifier: Apache-2.0
"""Does what a list of actions says: to files, to the agent and to its broker.

An action is a tuple of plain values, so that a list can be kept as it was printed. What cannot be
done where it stands (the agent is down, there is no such file) is left out: any part of a list is
a list.
"""

import shutil
import tempfile
from pathlib import Path

from changes import Changes
from reference import Broken

ACTION_MS = 200

CONF = """
kafka: {{ bootstrap_servers = "localhost"; }};
state_dir = "{state}";
sources: (
{{ name = "log"; topic = "t"; rotated = [ "{top}/old/*" ]; compressed = {compressed};
  paths = [ "{top}/{wide}", "{top}/sub/{wide}" ]; }} );
"""


class World(Changes):
    def __init__(self, rig, wide=False, compressed=False, trace=None):
        self.rig = rig
        self.trace = trace
        self.counters = {}
        super().__init__(Path(tempfile.mkdtemp(prefix="waybill-model-")), wide, compressed)
        memory = Path("/dev/shm")
        self.state = Path(
            tempfile.mkdtemp(prefix="waybill-model-", dir=memory if memory.is_dir() else None)
        )
        conf = self.state / "conf"
        conf.write_text(
            CONF.format(
                top=self.top,
                state=self.state / "s",
                wide="*.log*" if wide else "*.log",
                compressed=str(compressed).lower(),
            )
        )
        rig.begin(conf)

    def close(self):
        for content in self.contents:
            self.close_writer(content)
        shutil.rmtree(self.top)
        shutil.rmtree(self.state)

    # ---- the agent ----

    def ask(self, command):
        if self.trace:
            self.trace(f"  > {command}")
        answer = self.rig.ask(command)
        if self.trace and (answer["sent"] or answer["delivered"]):
            self.trace(f"    sent {answer['sent']}\n    landed {answer['delivered']}")
        self.counters = answer.get("counters", self.counters)
        self.read = {int(inode): at for inode, at in answer.get("read", {}).items()}
        self.model.see(answer)
        looked = command.startswith(("start", "run", "stop"))
        for content in self.contents:
            # At other times the inode of one that is gone may be used again.
            if looked and content.inode in self.read and content.alive:
                content.seen = True
            content.stored = content.stored or (content.seen and answer["durable"] >= 0)

    def do_start(self):
        if not self.up:
            self.meet()
            self.ask("start")
            self.up = True

    def meet(self):
        for content in self.contents:
            if content.twin and not self.met:
                content.twin.older |= content.size > content.twin.size
        self.met = True

    def look(self):
        if self.up:
            self.do_run(0)

    def do_run(self, ms):
        self.do_start()
        if self.model.forgetful:
            self.model.lose_grip()
        self.ask(f"run {ms}")
        self.unwatched = False
        for content in self.contents:
            content.looked_at = True
            content.halved = content.halved or bool(content.rest)
            self.forget_copy(content)

    def do_sleep(self, ms):
        """The agent stands still (SIGSTOP), or is down."""
        self.ask(f"pass {ms}")

    def do_kill(self, landed):
        if self.up:
            self.up = False
            self.ask("kill landed" if landed else "kill")
            self.end_life()

    def do_stop(self):
        if self.up:
            self.up = False
            self.ask("stop")
            self.end_life()

    def end_life(self):
        self.model.crash()
        for content in self.contents:
            content.seen = content.stored
        for content in self.contents:
            self.loosen(content)
            self.forget_number(content)
            self.forget_twin(content)
            if not self.is_known(content) or content.packed:
                self.forget_copy(content)
            # As young as its packing, and no row knows the copy that was packed.
            if content.packed and content.copied and not content.seen:
                self.model.may_repeat(content, content.stored_end())
            if content.copied and not content.seen:
                self.forget_older_copy(content)
            # Bytes that were seen and not settled cannot be told from those that were deleted.
            if content.copied and not content.seen and not self.is_known(content):
                self.model.told_of = True
            if content.left and not content.seen:
                self.see_whether_found(content)

    def do_checkpoint(self):
        if self.up:
            self.ask("checkpoint")

    def do_broker(self, up):
        self.ask(f"broker {'up' if up else 'down'}")

    def do_refuse(self):
        self.model.forgetful = True
        self.ask("refuse 1")

    def do_fail(self):
        self.model.forgetful = True
        self.ask("fail 1")

    # ---- a list ----

    def run(self, actions):
        try:
            for name, *arguments in actions:
                if self.trace:
                    self.trace(f"{name} {arguments}")
                getattr(self, f"do_{name}")(*arguments)
                self.ask(f"pass {ACTION_MS}")
                self.wait_for_tick()
            self.finish()
        except Broken as broken:
            raise Broken(f"{broken}\n--- the agent said:\n{self.rig.told()}") from None

    def finish(self):
        """Writers end their lines, all obstacles go, and a long time passes."""
        for content in self.contents:
            if content.rest and (content.path or content.writer is not None):
                self.write_to(content, 0)
        self.do_broker(True)
        self.do_start()
        for _ in range(4):
            self.do_run(40000)
            if not self.model.missing():
                break
        self.model.finish(self.counters)
        self.do_stop()
        before = {text: line.landed for text, line in self.model.lines.items()}
        self.do_run(40000)
        for text, line in self.model.lines.items():
            if before[text] and line.landed != before[text] and not line.copies:
                raise Broken(f"REPEAT: {text!r} comes again after a stop")
        self.do_stop()
