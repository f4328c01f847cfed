# SPDX-License-Identifier: Apache-2.0
"""Does what a list of actions says: to files, to the agent and to its broker.

An action is a tuple of plain values, so that a list can be kept as it was printed. What cannot be
done where it stands (the agent is down, there is no such file) is left out: any part of a list is
a list.
"""

import gzip
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
CLOCK_REALTIME_COARSE = 5  # the kernel's, with which it tells the births of files
ACTION_MS = 200
# Whether the program finds the rest of a file in a copy of it, or in a compressed one. As long as
# it does not, these lines may be lost, and copies are made only where no pattern matches them.
CONTENT_IS_FOUND = False

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
        for name in ("old", "sub", "targets", "copies"):
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
            content.stored = content.stored or (content.seen and answer["durable"] >= 0)

    def do_start(self):
        if not self.up:
            self.forget_order()
            self.ask("start")
            self.up = True

    def forget_order(self):
        """The program does not see that app.log.1 and app.log.2 are of one lineage as long as there
        is no app.log: generations that it sees first then come in any order."""
        for content in self.contents:
            if not content.seen and self.here(content.slot) is None:
                for line in content.lines:
                    line.late = True

    def do_run(self, ms):
        self.do_start()
        if self.model.forgetful:
            self.model.lose_grip()
        self.ask(f"run {ms}")
        for content in self.contents:
            content.looked_at = True

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
            if content.left and not content.seen and not self.will_be_found(content):
                self.unreachable(content)

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
        self.made_at = time.clock_gettime(CLOCK_REALTIME_COARSE)
        self.current[slot] = content
        return content

    def wait_for_tick(self):
        """Files that are born in one tick, 4 ms or 10, have no order."""
        while time.clock_gettime(CLOCK_REALTIME_COARSE) <= self.made_at:
            time.sleep(0.0005)

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
        content.alive = content.alive and (not content.held or self.is_open(content))
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
            self.shift(path)
            self.rename(content, path.with_name(path.name + ".1"))
        elif style == "date":
            self.rename(content, path.with_name(self.fresh(path.name)))
        else:
            self.rename(content, self.top / "old" / self.fresh(path.name))
        if not content.seen and not self.will_be_found(content):
            self.unreachable(content)

    def unreachable(self, content):
        self.model.destroy(content, -1, False)
        content.alive = False

    def shift(self, path):
        for n in (3, 2, 1):
            for suffix in ("", ".gz"):
                self.shift_one(
                    path.with_name(f"{path.name}.{n}{suffix}"),
                    path.with_name(f"{path.name}.{n + 1}{suffix}"),
                )

    def shift_one(self, path, to):
        for content in self.contents:
            if content.path == path:
                return self.rename(content, to)
        if path.exists():
            path.rename(to)

    def do_copytruncate(self, slot):
        content = self.here(slot)
        if content is None or slot == LINK or (self.wide and not CONTENT_IS_FOUND):
            return
        path = Path(content.path)
        self.shift(path)
        self.wait_for_tick()
        to = path if CONTENT_IS_FOUND else self.top / "copies" / path.name
        shutil.copyfile(path, to.with_name(path.name + ".1"))
        self.replace(slot, lambda original: os.truncate(original, 0))

    def do_compress(self, slot):
        """The generation that left last, if nobody writes to it any more."""
        older = [c for c in self.contents if c.slot == slot and c.left and c.path and not c.writer]
        if not older or (self.wide and not CONTENT_IS_FOUND):
            return
        path = Path(older[-1].path)
        with open(path, "rb") as plain, gzip.open(f"{path}.gz", "wb") as packed:
            packed.write(plain.read())
        self.remove(older[-1])

    def will_be_found(self, content):
        """One that left its path unseen: where the patterns lead, or between known generations."""
        if content.path is None or content.path.parent == self.top / "old" or content.slot == LINK:
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
        self.model.destroy(content, self.read_of(content), self.is_open(content))
        content.path = None
        content.left = content.held = True
        content.alive = self.is_open(content)

    def read_of(self, content):
        """How far the agent has read, which of other bytes in the same file says nothing."""
        read = self.read.get(content.inode, -1) if self.up and content.seen else -1
        return read if content.looked_at else min(read, 0)

    def is_open(self, content):
        return content.alive and self.read_of(content) >= 0

    def do_delete(self, slot, keep):
        content = self.here(slot)
        if content is None:
            return
        if keep:
            content.writer = os.open(content.path, os.O_WRONLY | os.O_APPEND)
        if slot == LINK:
            self.path_of(slot).unlink()
        self.remove(content)

    def remove(self, content):
        Path(content.path).unlink()
        self.gone(content)

    def do_close(self, slot):
        for content in self.contents:
            if content.slot == slot and content.writer is not None:
                os.close(content.writer)
                content.writer = None

    def do_truncate(self, slot):
        self.replace(slot, lambda path: os.truncate(path, 0))

    def do_rewrite(self, slot, n):
        """Other lines in the place of all that is there."""
        content = self.here(slot)
        if content is None:
            return
        self.replace(slot, lambda path: os.truncate(path, 0))
        self.write_to(self.current[slot], n)

    def replace(self, slot, how):
        content = self.here(slot)
        if content is None:
            return
        self.wait_for_tick()
        self.model.destroy(content, self.read_of(content), False)
        how(content.path)
        path, seen = content.path, content.seen
        content.path, content.left, content.alive, content.rest = None, True, False, ""
        self.made(slot, path).seen = seen

    def do_overwrite(self, slot):
        """Other lines in the place of all that is there, as many bytes."""
        content = self.here(slot)
        if content is None or not content.lines or content.rest:
            return
        lengths = [len(line.text) for line in content.lines]
        data = ""

        def write(path):
            with open(path, "r+b", buffering=0) as out:
                out.write(data.encode())

        texts = []
        for length in lengths:
            self.n_lines += 1
            texts.append(f"L{self.n_lines:06d}".ljust(length, "y"))
        data = "".join(text + "\n" for text in texts)
        if len(data) != content.size:
            return
        self.replace(slot, write)
        for text in texts:
            self.model.write(self.current[slot], text, False)

    def do_move_directory(self):
        """The directory of a file goes away under another name, with all that is in it. A start
        takes a directory that is not there for one that is not mounted yet: it looks nowhere."""
        directory = self.top / "sub"
        if not directory.is_dir():
            return
        gone = self.top / self.fresh("gone")
        directory.rename(gone)
        for content in self.contents:
            if content.path and Path(content.path).parent == directory:
                name = Path(content.path).name
                self.gone(content)
                content.path = gone / name

    def do_remove_directory(self):
        directory = self.top / "sub"
        if not directory.is_dir():
            return
        for content in self.contents:
            if content.path and Path(content.path).parent == directory:
                self.remove(content)
        shutil.rmtree(directory)

    def do_relink(self):
        content = self.here(LINK)
        if content is not None:
            content.left = True
            if not content.seen:
                self.unreachable(content)
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
