# SPDX-License-Identifier: Apache-2.0
"""Does what a list of actions says: to files, to the agent and to its broker.

An action is a tuple of plain values, so that a list can be kept as it was printed. What cannot be
done where it stands (the agent is down, there is no such file) is left out: any part of a list is
a list.
"""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from reference import Broken, Content, Reference

BUILD = Path(__file__).resolve().parents[2] / "build"
RIG = Path(os.environ.get("MODEL_RIG", BUILD / "model" / "rig"))
# Births of files are told apart by the kernel's coarse clock: 4 ms, or 10.
TICK_S = 0.011
ACTION_MS = 200
ROTATE_WAIT_MS = 5000

CONF = """
kafka: {{ bootstrap_servers = "localhost"; }};
state_dir = "{state}";
sources: (
{{ name = "log"; topic = "t"; rotated = [ "{top}/old/*" ];
  paths = [ "{top}/{wide}", "{top}/sub/{wide}" ]; }} );
"""
NAMES = ["a.log", "b.log", "sub/c.log", "link.log"]
LINK = 3


class Rig:
    """The process, for as many lists as you like."""

    def __init__(self):
        self.log = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            [RIG], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log
        )

    def ask(self, command):
        try:
            self.process.stdin.write(command.encode() + b"\n")
            self.process.stdin.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], 60)
            answer = self.process.stdout.readline() if ready else b""
        except BrokenPipeError:
            answer = b""
        if not answer:
            self.process.kill()
            raise Broken(f"CRASH: the agent died or hangs at {command!r}: {self.told()}")
        return json.loads(answer)

    def told(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-3000:]

    def begin(self, conf):
        self.log.seek(0)
        self.log.truncate()
        self.ask(f"begin {conf}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)


class World:
    def __init__(self, rig, wide=False, trace=None):
        self.rig = rig
        self.trace = trace
        self.wide = wide
        self.model = Reference()
        self.up = False
        self.counters = {}
        self.read = {}  # by inode: how far the agent has read; -1: not open
        self.contents = []  # all
        self.current = {}  # by slot
        self.older = {}  # by slot: those that left, oldest first
        self.n_lines = self.n_names = 0
        self.made_at = 0.0
        self.top = Path(tempfile.mkdtemp(prefix="waybill-model-"))
        memory = Path("/dev/shm")
        self.state = Path(
            tempfile.mkdtemp(prefix="waybill-model-", dir=memory if memory.is_dir() else None)
        )
        conf = self.state / "conf"
        conf.write_text(
            CONF.format(top=self.top, state=self.state / "s", wide="*.log*" if wide else "*.log")
        )
        self.start_directories()
        rig.begin(conf)

    def start_directories(self):
        for name in ("old", "sub", "targets"):
            (self.top / name).mkdir()

    def close(self):
        for content in self.contents:
            if content.writer is not None:
                os.close(content.writer)
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
        for content in self.contents:
            if content.inode in self.read and content.alive:
                content.seen = True

    def do_start(self):
        if not self.up:
            self.ask("start")
            self.up = True

    def do_run(self, ms):
        self.do_start()
        if self.model.forgetful:
            self.model.lose_grip()
        self.ask(f"run {ms}")

    def do_kill(self, landed):
        if self.up:
            self.up = False
            self.ask("kill landed" if landed else "kill")
            self.model.crash()

    def do_stop(self):
        if self.up:
            self.up = False
            self.ask("stop")
            self.model.crash()

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

    # ---- files ----

    def path_of(self, slot):
        return self.top / NAMES[slot]

    def made(self, slot, path):
        """A content that begins at this path, which exists."""
        content = Content(slot, 1 + sum(c.slot == slot for c in self.contents))
        content.inode, content.path, content.alive = os.stat(path).st_ino, path, True
        if slot in self.current:
            self.older.setdefault(slot, []).append(self.current[slot])
        self.contents.append(content)
        self.current[slot] = content
        return content

    def wait_for_tick(self):
        wait = self.made_at + TICK_S - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self.made_at = time.monotonic()

    def create(self, slot):
        path = self.path_of(slot)
        path.parent.mkdir(exist_ok=True)
        self.wait_for_tick()
        if slot == LINK:
            target = self.top / "targets" / self.fresh("d.log")
            target.touch()
            self.link_to(target)
            return self.made(slot, target)
        path.touch()
        return self.made(slot, path)

    def link_to(self, target):
        path = self.path_of(LINK)
        temporary = self.top / "link.tmp"
        temporary.symlink_to(target)
        temporary.rename(path)

    def fresh(self, name):
        self.n_names += 1
        return f"{name}-{20260000 + self.n_names}"

    def next_text(self, content):
        self.n_lines += 1
        return f"L{self.n_lines:06d} {NAMES[content.slot]} {'x' * (self.n_lines * 37 % 90)}"

    def append(self, content, data):
        if content.writer is not None:
            os.write(content.writer, data.encode())
            return
        with open(content.path, "ab", buffering=0) as out:
            out.write(data.encode())

    def here(self, slot):
        """The content at the path of the slot, or None."""
        content = self.current.get(slot)
        return content if content and not content.left else None

    def write_to(self, content, n):
        late = content.left
        data = content.rest + "\n" if content.rest else ""
        self.complete(content, late)
        for _ in range(n):
            text = self.next_text(content)
            self.model.write(content, text, late)
            data += text + "\n"
        self.append(content, data)

    def complete(self, content, late):
        if not content.rest:
            return
        text = content.begun + content.rest
        content.size -= len(content.begun)
        self.model.write(content, text, late)
        if content.left:
            self.model.may_split(text, len(content.begun))
        content.rest = ""

    def do_write(self, slot, n):
        self.write_to(self.here(slot) or self.create(slot), n)

    def do_late(self, slot, n):
        """Somebody writes on to the generation that left last."""
        older = [c for c in self.contents if c.slot == slot and c.left and c.alive]
        if older and (older[-1].path or older[-1].writer is not None):
            self.write_to(older[-1], n)

    def do_part(self, slot):
        content = self.here(slot) or self.create(slot)
        self.write_to(content, 0)
        text = self.next_text(content)
        content.begun, content.rest = text[:9], text[9:]
        content.size += 9
        self.model.pieces.add(content.begun)
        self.append(content, content.begun)

    def do_rotate(self, slot, style, keep):
        """The file is renamed; whoever writes may keep it open."""
        content = self.here(slot)
        if content is None:
            return
        if keep:
            content.writer = os.open(content.path, os.O_WRONLY | os.O_APPEND)
        self.move(content, style)
        content.left = True

    def move(self, content, style):
        path = Path(content.path)
        if style == "number":
            others = [c for c in self.contents if c.path and c.slot == content.slot]
            for n in (3, 2, 1):
                for other in others:
                    if other.path == path.with_name(f"{path.name}.{n}"):
                        self.rename(other, path.with_name(f"{path.name}.{n + 1}"))
            self.rename(content, path.with_name(path.name + ".1"))
        elif style == "date":
            self.rename(content, path.with_name(self.fresh(path.name)))
        else:
            self.rename(content, self.top / "old" / self.fresh(path.name))
        if not content.seen and not self.will_be_found(content, style):
            self.model.destroy(content, -1, False)
            content.alive = False

    def will_be_found(self, content, style):
        """One that left its path before the agent saw it: what the patterns want is found, and
        what is between known generations of one name."""
        if style == "olddir":
            return False
        return self.wide or any(c.slot == content.slot and c.seen for c in self.contents)

    def rename(self, content, path):
        for other in self.contents:
            if other.path == path:
                self.gone(other)
        Path(content.path).rename(path)
        content.path = path

    def gone(self, content):
        """Its last name is gone, or its bytes are."""
        read = self.read.get(content.inode, -1) if self.up and content.seen else -1
        self.model.destroy(content, read, content.alive and read >= 0)
        content.path = None
        content.left = True

    def do_delete(self, slot, keep):
        content = self.here(slot)
        if content is None:
            return
        if keep:
            content.writer = os.open(content.path, os.O_WRONLY | os.O_APPEND)
        if slot == LINK:
            self.path_of(slot).unlink()
        Path(content.path).unlink()
        self.gone(content)
        self.close_unreadable(content)

    def close_unreadable(self, content):
        """Without a name, and unknown to the agent: nobody will read what is written to it."""
        if not self.up or self.read.get(content.inode, -1) < 0 or not content.seen:
            content.alive = False

    def do_close(self, slot):
        for content in self.contents:
            if content.slot == slot and content.writer is not None:
                os.close(content.writer)
                content.writer = None

    def do_truncate(self, slot):
        self.replace(slot, lambda path, _: os.truncate(path, 0))

    def do_rewrite(self, slot, n):
        """Other lines in the place of all that is there."""
        content = self.here(slot)
        if content is None:
            return
        self.replace(slot, lambda path, _: os.truncate(path, 0))
        self.write_to(self.current[slot], n)

    def replace(self, slot, how):
        content = self.here(slot)
        if content is None:
            return
        read = self.read.get(content.inode, -1) if self.up and content.seen else -1
        self.wait_for_tick()
        self.model.destroy(content, read, False)
        how(content.path, content)
        path, seen = content.path, content.seen
        content.path, content.left, content.alive, content.rest = None, True, False, ""
        self.made(slot, path).seen = seen

    def do_relink(self):
        content = self.here(LINK)
        if content is not None:
            content.left = True
            self.create(LINK)

    # ---- a list ----

    def run(self, actions):
        try:
            for name, *arguments in actions:
                if self.trace:
                    self.trace(f"{name} {arguments}")
                getattr(self, f"do_{name}")(*arguments)
                self.ask(f"pass {ACTION_MS}")
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
            if line.landed != before[text]:
                raise Broken(f"REPEAT: {text!r} comes again after a stop")
        self.do_stop()
