# SPDX-License-Identifier: Apache-2.0
"""The files of a list: where their bytes are, and what the agent can know of them."""

import datetime
import os
import time

from reference import Content, Reference

NAMES = ["a.log", "b.log", "sub/c.log", "link.log"]
LINK = 3
DIRECTORIES = ("old", "sub", "targets", "copies")


class Files:
    """What the agent has read of them is told by World."""

    def __init__(self, top, wide, compressed):
        self.top = top
        self.wide = wide
        self.compressed = compressed
        self.model = Reference()
        self.up = False
        self.read = {}  # by inode: how far the agent has read; -1: not open
        self.contents = []  # all
        self.current = {}  # by slot
        self.n_lines = self.n_names = 0
        self.met = False  # the agent was up once
        self.unwatched = False  # the agent did not see the directory that was made again
        self.away = None  # where the directory went that was renamed last
        for name in DIRECTORIES:
            (top / name).mkdir()
        self.clock = top / "copies" / "clock"
        self.clock.touch()

    # ---- what can be known of a content ----

    def read_of(self, content):
        """How far the agent has read, which of other bytes in the same file says nothing."""
        read = self.read.get(content.inode, -1) if self.up and content.seen else -1
        return read if content.looked_at else min(read, 0)

    def is_open(self, content):
        return content.alive and self.read_of(content) >= 0

    def is_known(self, content):
        """Something of it was settled, so its bytes can be told from others."""
        first = content.lines[0] if content.lines else None
        return first is not None and (first.durable or (self.up and first.settled))

    def is_wanted(self, content):
        """A pattern leads to it, and the agent ships what it finds there."""
        return (
            self.wide
            and content.slot != LINK
            and content.path.parent in (self.top, self.top / "sub")
            and (not content.packed or self.compressed)
        )

    def is_looked_at(self, path):
        return path.parent in (self.top, self.top / "sub", self.top / "old", self.top / "targets")

    def will_be_found(self, content):
        """One that left its path unseen: where the patterns lead, or between known generations."""
        if content.path.parent == self.top / "old" or content.slot == LINK:
            return False
        if self.wide:
            return True
        # Of a deleted file that was shipped nothing is kept: what comes to its path is new there.
        known = any(c.slot == content.slot and c.seen and c.path for c in self.contents)
        return known and not content.unwatched

    def can_be_found(self, content):
        if content.path is None:
            return False
        if not content.left or self.is_wanted(content) or content.seen:
            return True
        if content.copied:
            beside = content.suspected and self.up and content.path.parent != self.top / "old"
            return self.is_looked_at(content.path) and (beside or self.is_known(content))
        return self.will_be_found(content)

    def here(self, slot):
        """The content at the path of the slot, or None."""
        content = self.current.get(slot)
        return content if content and not content.left else None

    # ---- names and bytes ----

    def file_time(self):
        """What the file system's clock says: it goes on by some milliseconds at a time, or, since
        Linux 6.13, behind whatever time was asked for. No clock of the process's is as late."""
        os.utime(self.clock)
        return self.clock.stat().st_mtime_ns

    def wait_for_tick(self):
        """Files that are born in one tick have no order, and what is written, copied and written
        again within one has the same times: nothing tells it apart."""
        before = self.file_time()
        while self.file_time() <= before:
            time.sleep(0.0005)

    def path_of(self, slot):
        return self.top / NAMES[slot]

    def fresh(self, name):
        self.n_names += 1
        day = datetime.date(2026, 1, 1) + datetime.timedelta(self.n_names)
        return f"{name}-{day:%Y%m%d}"

    def made(self, slot, path):
        """A content that begins at this path, which exists."""
        content = Content(slot, 1 + sum(c.slot == slot for c in self.contents))
        content.inode, content.path = path.stat().st_ino, path
        content.unwatched = self.unwatched and path.parent == self.top / "sub"
        self.contents.append(content)
        self.current[slot] = content
        return content

    def place(self, slot):
        """Where a new file of the slot comes to stand."""
        path = self.path_of(slot)
        if not path.parent.is_dir():
            path.parent.mkdir()
            self.unwatched = True
        self.wait_for_tick()
        return self.top / "targets" / self.fresh("d.log") if slot == LINK else path

    def create(self, slot):
        path = self.place(slot)
        path.touch()
        return self.begin(slot, path)

    def begin(self, slot, path):
        if slot == LINK:
            temporary = self.top / "link.tmp"
            temporary.symlink_to(path)
            temporary.rename(self.path_of(LINK))
        return self.made(slot, path)

    def rename(self, content, path):
        self.clear(path)
        content.path.rename(path)
        content.path = path

    def clear(self, path):
        """What is at this path is written over."""
        for content in self.contents:
            if content.twin and content.twin.path == path:
                content.twin = None
            if content.path == path:
                self.gone(content)

    def shift(self, path):
        """app.log.1 becomes app.log.2, and so on."""
        for n in (3, 2, 1):
            for suffix in ("", ".gz"):
                name = f"{path.name}.{n}{suffix}", f"{path.name}.{n + 1}{suffix}"
                self.shift_one(path.with_name(name[0]), path.with_name(name[1]))

    def shift_one(self, path, to):
        for content in self.contents:
            if content.path == path:
                return self.rename(content, to)
            if content.twin and content.twin.path == path:
                self.clear(to)
                content.twin.path = path.rename(to)
                return None
        if path.exists():
            self.clear(to)
            path.rename(to)
        return None

    def rotated_name(self, path, style):
        """A free name, as rotation would give it to what is at path."""
        if style == "number":
            self.shift(path)
            return path.with_name(path.name + ".1")
        if style == "date":
            return path.with_name(self.fresh(path.name))
        return self.top / ("old" if style == "olddir" else "copies") / self.fresh(path.name)

    # ---- ends ----

    def gone(self, content):
        """Its last name is gone, or other bytes are at it."""
        self.forget_suspicion(content.slot)
        self.take_away(content, self.is_open(content))
        if content.path is None:
            content.held = True
            content.alive = self.is_open(content)

    def take_away(self, content, still_open):
        """Its bytes are not at its path any more; still_open: the agent has them open."""
        read = self.read_of(content)
        twin, content.twin = content.twin, None
        content.left = True
        if twin is None:
            content.path = None
            self.model.destroy(content, read, still_open)
            return
        # Copies that were there before the first start are old generations, which nobody asks for,
        # unless they begin with what was settled: what came back is not known any more.
        old = twin.older and not self.is_known(content)
        self.model.destroy(content, read, still_open, behind=0 if old else twin.size)
        content.rest = ""
        self.close_writer(content)
        self.goes_on(content, twin.path, twin.inode)
        content.size = twin.size
        if not self.up:
            self.forget_twin(content)
        self.see_whether_found(content, read, still_open)

    def goes_on(self, content, path, inode):
        """Its bytes are in another file from now on."""
        # Of bytes that were seen and never sent, or came back, hardly more than their number is known.
        if content.halved or self.model.forgetful or not self.up:
            self.model.told_of = self.model.told_of or not self.is_known(content)
        content.had.add(content.inode)
        content.path, content.inode = path, inode
        content.copied = True
        content.suspected = content.seen
        content.seen = content.stored = False
        if not self.up:
            self.forget_number(content)
        self.loosen(content)

    def loosen(self, content):
        """Of what is copied and not known nobody can tell what it is older than."""
        if content.copied and not content.seen and not self.is_known(content):
            for line in content.lines:
                line.late = True

    def see_whether_found(self, content, read=-1, still_open=False):
        if not self.can_be_found(content):
            self.model.destroy(content, read, still_open)
            content.alive = False

    def forget_twin(self, content):
        """A copy that ends before what was settled of the original, which is gone: that it begins
        with the same bytes was known to the life that saw both. The chain is of all or nothing."""
        shorter = any(line.landed and line.end > content.size for line in content.lines)
        if content.copied and not content.seen and shorter:
            self.model.may_repeat(content, content.size)

    def forget_number(self, content):
        """Little is known to be settled, and what begins with that has the number of one that is
        gone: it was made when that was gone, as any new file, and that may begin with the same
        banner."""
        settled = content.stored_end()
        if content.copied and not content.seen and content.inode in content.had and settled < 1024:
            self.model.may_repeat(content, settled)
            self.model.told_of = True

    def forget_copy(self, content):
        """A program may write the same each time it starts: what was made after the last write to a
        generation that nobody saw, or that is closed since, may be the next one as well as a copy. A
        compressed one is held against nothing once it was closed. Of one that was opened and has
        left its path before anything of it was read, no more is known than of one never seen."""
        if not content.left or not content.twin or content.copy_told:
            return
        if self.is_open(content) and content.looked_at:
            return
        if content.twin.size == content.size or content.packed or not content.looked_at:
            content.copy_told = True
            self.model.may_repeat(content, content.twin.size)

    def forget_older_copy(self, content):
        """Nothing is known of what was at the path, and what is there now is younger than the copy: that
        may as well be a generation that holds nothing but the banner with which this one begins."""
        if content.twin and not content.left and not self.is_known(content):
            self.model.may_repeat(content, content.twin.size)

    def forget_suspicion(self, slot):
        """The file that was truncated is not at its path any more: nobody asks what it held."""
        for content in self.contents:
            if content.slot == slot and content.suspected:
                content.suspected = False
                if not content.seen:
                    self.loosen(content)
                    self.see_whether_found(content)

    def close_writer(self, content):
        if content.writer is not None:
            os.close(content.writer)
            content.writer = None

    # ---- lines ----

    def next_text(self, content):
        self.n_lines += 1
        return f"L{self.n_lines:06d} {NAMES[content.slot]} {'x' * (self.n_lines * 37 % 90)}"

    def append(self, content, data):
        if content.writer is not None:
            os.write(content.writer, data.encode())
            return
        with open(content.path, "ab", buffering=0) as out:
            out.write(data.encode())

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
        if content.left or content.was_away:
            self.model.may_split(text, len(content.begun))
        content.rest = ""
