# SPDX-License-Identifier: Apache-2.0
"""What happens to files: to their names, to their bytes, and to copies of those."""

import gzip
import os
import shutil

from files import LINK, Files
from reference import Twin


class Changes(Files):
    """An action a method. None does anything where it makes no sense."""

    # ---- lines ----

    def do_write(self, slot, n):
        self.write_to(self.here(slot) or self.create(slot), n)

    def do_late(self, slot, n):
        """Somebody writes on to the generation that left last."""
        older = [c for c in self.contents if c.slot == slot and c.left and c.alive]
        if older and not older[-1].copied and (older[-1].path or older[-1].writer is not None):
            self.write_to(older[-1], n)

    def do_part(self, slot):
        content = self.here(slot) or self.create(slot)
        self.write_to(content, 0)
        text = self.next_text(content)
        content.begun, content.rest = text[:9], text[9:]
        content.size += 9
        self.model.pieces.add(content.begun)
        self.append(content, content.begun)

    # ---- rotation ----

    def do_rotate(self, slot, style, keep):
        """The file is renamed; whoever writes may keep it open."""
        content = self.here(slot)
        if content is None:
            return
        if keep:
            content.writer = os.open(content.path, os.O_WRONLY | os.O_APPEND)
        self.rename(content, self.rotated_name(content.path, style))
        content.left = True
        self.forget_copy(content)
        self.forget_suspicion(slot)
        if not content.seen:
            self.see_whether_found(content)

    def do_relink(self):
        content = self.here(LINK)
        if content is not None:
            content.left = True
            self.forget_suspicion(LINK)
            if not content.seen:
                self.see_whether_found(content)
            self.create(LINK)

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
        content.path.unlink()
        self.gone(content)

    def do_remove_old(self, slot):
        """The oldest generation, as logrotate does when there are too many."""
        older = [c for c in self.contents if c.slot == slot and c.left and c.path]
        if older:
            self.remove(older[0])

    def do_close(self, slot):
        for content in self.contents:
            if content.slot == slot:
                self.close_writer(content)

    # ---- copies, compressed files ----

    def do_copy(self, slot, style):
        content = self.here(slot)
        if content is None or content.twin:
            return
        to = self.rotated_name(content.path, style)
        self.wait_for_tick()
        shutil.copyfile(content.path, to)
        content.twin = Twin(to, to.stat().st_ino, content.size)

    def do_copytruncate(self, slot, style):
        self.do_copy(slot, style)
        self.do_truncate(slot)

    def do_remove_copy(self, slot):
        content = self.here(slot)
        if content is not None and content.twin:
            content.twin.path.unlink()
            content.twin = None

    def do_compress(self, slot, look, as_old=False):
        """The generation that left last, if nobody writes to it any more; look: the agent may see
        both files; as_old: it has the time of its last write, as gzip leaves it."""
        older = [c for c in self.contents if c.slot == slot and c.left and c.path and not c.writer]
        if not older or older[-1].packed:
            return
        content = older[-1]
        path, to = content.path, content.path.with_name(content.path.name + ".gz")
        self.clear(to)
        self.wait_for_tick()
        with open(path, "rb") as plain, gzip.open(to, "wb", 1) as packed:
            packed.write(plain.read())
        if as_old:
            shutil.copystat(path, to)
        else:
            # As new as its packing: nothing tells that it was there before.
            self.forget_twin(content)
        if look:
            self.look()
        path.unlink()
        if content.alive:
            self.pack(content, to)
        else:
            content.path = to

    def pack(self, content, to):
        read, still_open = self.read_of(content), self.is_open(content)
        content.packed = True
        content.rest = ""
        if not still_open:
            self.forget_twin(content)
        self.goes_on(content, to, to.stat().st_ino)
        self.see_whether_found(content, read, still_open)
        # Of one that nobody knew it begins like another file that is there, which is as true of two
        # programs with the same banner.
        if not self.is_known(content):
            self.forget_copy(content)

    # ---- other bytes ----

    def do_truncate(self, slot):
        self.replace(slot, lambda path: os.truncate(path, 0))

    def do_rewrite(self, slot, n):
        """Other lines in the place of all that is there."""
        if self.replace(slot, lambda path: os.truncate(path, 0)):
            self.write_to(self.current[slot], n)

    def replace(self, slot, how):
        content = self.here(slot)
        if content is None:
            return False
        self.wait_for_tick()
        path, inode, seen = content.path, content.inode, content.seen
        how(path)
        self.take_away(content, False)
        if content.path is None:
            content.alive, content.rest = False, ""
        other = self.made(slot, path)
        other.seen = seen
        assert other.inode == inode
        return True

    def do_overwrite(self, slot):
        """Other lines in the place of all that is there, as many bytes."""
        content = self.here(slot)
        if content is None or not content.lines or content.rest:
            return
        texts = []
        for line in content.lines:
            self.n_lines += 1
            texts.append(f"L{self.n_lines:06d}".ljust(len(line.text), "y"))
        data = "".join(text + "\n" for text in texts)
        if len(data) != content.size:
            return

        def write(path):
            with open(path, "r+b", buffering=0) as out:
                out.write(data.encode())

        self.replace(slot, write)
        for text in texts:
            self.model.write(self.current[slot], text, False)

    # ---- other files ----

    def do_replace(self, slot, n):
        """As sed -i: a new file takes the path, which begins with the same bytes."""
        content = self.here(slot)
        if content is None:
            return
        edited = self.top / "edited"
        self.wait_for_tick()
        shutil.copyfile(content.path, edited)
        edited.rename(content.path)
        self.forget_suspicion(slot)
        if content.twin and not self.met:
            content.twin.older = True
        if not self.is_open(content):
            self.forget_older_copy(content)
        self.goes_on(content, content.path, content.path.stat().st_ino)
        self.write_to(content, n)

    def do_edit(self, slot, n):
        """A new file takes the path, which has other lines."""
        content = self.here(slot)
        if content is None or slot == LINK:
            return
        path = content.path
        self.wait_for_tick()
        edited = self.top / "edited"
        edited.touch()
        edited.rename(path)
        self.gone(content)
        self.write_to(self.made(slot, path), n)

    def do_recreate(self, slot, n):
        """Removed and made again, with the same inode if it can be had."""
        content = self.here(slot)
        if content is None:
            return
        inode = content.inode
        self.remove(content)
        path, spare = self.place(slot), []
        path.touch()
        while path.stat().st_ino != inode and len(spare) < 8:
            spare.append(path.rename(self.top / f"spare{len(spare)}"))
            path.touch()
        for other in spare:
            other.unlink()
        self.write_to(self.begin(slot, path), n)

    # ---- directories ----

    def do_move_directory(self):
        """The directory of a file goes away under another name, with all that is in it. A start
        takes a directory that is not there for one that is not mounted yet: it looks nowhere."""
        directory = self.top / "sub"
        if not directory.is_dir():
            return
        self.away = self.top / self.fresh("gone")
        self.forget_twins(directory)
        directory.rename(self.away)
        for content in self.contents_in(directory):
            name = content.path.name
            self.gone(content)
            content.path = self.away / name

    def do_restore_directory(self):
        directory = self.top / "sub"
        if self.away is None or directory.is_dir():
            return
        self.away.rename(directory)
        for content in self.contents_in(self.away):
            content.path = directory / content.path.name
            content.held, content.alive = False, True
            content.was_away = True
            if content.path == self.path_of(content.slot):
                content.left = False
                self.current[content.slot] = content
        self.away = None

    def do_remove_directory(self):
        directory = self.top / "sub"
        if not directory.is_dir():
            return
        self.forget_twins(directory)
        for content in self.contents_in(directory):
            self.remove(content)
        shutil.rmtree(directory)

    def contents_in(self, directory):
        return [c for c in self.contents if c.path and c.path.parent == directory]

    def forget_twins(self, directory):
        for content in self.contents_in(directory):
            if content.twin and content.twin.path.parent == directory:
                content.twin.path.unlink()
                content.twin = None
