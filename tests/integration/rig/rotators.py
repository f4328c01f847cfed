# SPDX-License-Identifier: Apache-2.0
"""What rotates logs, each with the name that waybill(8) has for it: real tools where Debian has
them, else the same system calls in the same order.

A Rotator writes lines of which no two are alike to log/, rotates when it is told to, and says how
often it really did. `source` is what the manual says to write for it.
"""

import gzip
import os
import shutil
import subprocess
import time
from pathlib import Path

from .paths import BUILD, ROOT
from .wait import wait_for

JARS = "/usr/share/java"
JAVA = ROOT / "tests" / "integration" / "java"


def make_lines(first, count):
    return [b"%08d of app.log" % number for number in range(first, first + count)]


class Rotator:
    """A writer that appends to log/app.log and stays with its file until it is told otherwise."""

    source = {}
    wanted = ("app.log",)

    def __init__(self, work):
        self.dir = work / "log"
        self.path = self.dir / "app.log"
        self.work = work
        self.written = []
        self.rotations = 0
        self.fd = None
        self.dir.chmod(0o755)

    @property
    def paths(self):
        return [str(self.dir / name) for name in self.wanted]

    def open(self, path=None):
        self.close()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self.fd = os.open(path or self.path, flags, 0o644)

    def write(self, count):
        lines = make_lines(len(self.written), count)
        self.put(lines)
        self.written += lines

    def put(self, lines):
        if self.fd is None:
            self.open()
        os.write(self.fd, b"\n".join(lines) + b"\n")

    def names(self):
        return sorted(entry.name for entry in os.scandir(self.dir))

    def close(self):
        if self.fd is not None:
            os.close(self.fd)
        self.fd = None


class Logrotate(Rotator):
    """The real one, forced; the writer opens its file anew afterwards, as after SIGHUP."""

    directives = "create"
    force = ("-f",)

    def __init__(self, work):
        super().__init__(work)
        self.conf = work / "logrotate.conf"
        self.conf.write_text(f"{self.path} {{\nsu root root\nrotate 9\n{self.directives}\n}}\n")
        self.conf.chmod(0o644)

    def rotate(self):
        before = self.path.stat()
        command = ["logrotate", *self.force, "-s", self.work / "logrotate.state", self.conf]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr, done.stderr
        after = self.path.stat() if self.path.exists() else None
        self.rotations += not after or after.st_ino != before.st_ino or after.st_size == 0
        self.reopen()

    def reopen(self):
        self.open()


class Create(Logrotate):
    pass


class Nocreate(Logrotate):
    directives = "nocreate\nmissingok"


class Dateext(Logrotate):
    """-%s, since several rotations of a day would have one name."""

    directives = "create\ndateext\ndateformat -%Y%m%d-%s"

    second = 0

    def rotate(self):
        # time() may be some milliseconds behind.
        wait_for(lambda: time.time() > self.second + 1.05, 5, "another second")
        super().rotate()
        self.second = time.time() // 1


class DateextExtension(Dateext):
    directives = "create\nextension .log\ndateext\ndateformat -%Y-%m-%d-%s"


class Olddir(Logrotate):
    def __init__(self, work):
        self.directives = f"create\nolddir {work}/old\ncreateolddir 755 root root"
        self.source = {"rotated": [f"{work}/old/app.log*"]}
        super().__init__(work)


class Compress(Logrotate):
    directives = "create\ncompress"


class Delaycompress(Logrotate):
    directives = "create\ncompress\ndelaycompress"


class DelaycompressWanted(Delaycompress):
    """The archives are in the pattern, too, and a source unpacks them."""

    wanted = ("app.log*",)
    source = {"compressed": True}


class CompressWanted(Compress):
    wanted = ("app.log*",)
    source = {"compressed": True}


class Zstd(Compress):
    directives = "create\ncompress\ncompresscmd /usr/bin/zstd\ncompressext .zst\ncompressoptions -q --rm"


class Xz(Compress):
    directives = "create\ncompress\ndelaycompress\ncompresscmd /usr/bin/xz\ncompressext .xz"


class Maxsize(Logrotate):
    """Not forced: an hourly run finds the file too large."""

    directives = "create\nhourly\nmaxsize 1k"
    force = ()


class Shred(Logrotate):
    """What is overwritten before it is removed was shipped long before."""

    directives = "create\nshred\nrotate 1"
    wanted = ("app.log*",)


class Copytruncate(Logrotate):
    directives = "copytruncate"

    def reopen(self):
        """It appends to the file that it has."""


class CopytruncateWanted(Copytruncate):
    wanted = ("app.log*",)


class Piped(Rotator):
    """A program that takes lines on standard input and puts them into files of the second."""

    command = ()

    def __init__(self, work):
        super().__init__(work)
        self.files = set()
        self.process = None
        self.second = 0

    def put(self, lines):
        if self.process is None:
            command = [part.format(dir=self.dir) for part in self.command]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE)
        os.write(self.process.stdin.fileno(), b"\n".join(lines) + b"\n")
        last = lines[-1] + b"\n"
        wait_for(lambda: self.newest().read_bytes().endswith(last), 10, "the lines in a file")
        self.second = time.time() // 1
        self.files.add(self.newest().name)

    def newest(self):
        names = [path for path in self.dir.iterdir() if not path.is_symlink() and path.name != "app.log"]
        return max(names, default=Path("/dev/null"))

    def rotate(self):
        """The next line comes in another second, and that is another file."""
        wait_for(lambda: time.time() > self.second + 1.05, 5, "another second")
        self.rotations += 1

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait(10)
            assert len(self.files) >= self.rotations + 1, self.files
        self.process = None


class Rotatelogs(Piped):
    """-L: a hard link to the file that is written now."""

    command = ("rotatelogs", "-L", "{dir}/app.log", "{dir}/app.log.%Y%m%d%H%M%S", "1")


class RotatelogsWanted(Rotatelogs):
    """
    Both names of each file are in the pattern: a file that came under the name with the date is a
    lineage of its own, so over a stop the order among files is not kept.
    """

    wanted = ("app.log*",)
    ordered = False


class Cronolog(Piped):
    """Its links are made once and stay where they are: the files themselves are wanted."""

    command = ("cronolog", "{dir}/app.log.%Y%m%d%H%M%S")
    wanted = ("app.log.2*",)
    ordered = False


class Lumberjack(Rotator):
    """The Go library: the file is renamed, and compressed by a goroutine, which removes it then."""

    compress = False

    def rotate(self):
        self.close()
        stamp = time.strftime("%Y-%m-%dT%H-%M-%S", time.gmtime())
        backup = self.dir / f"app-{stamp}.{self.rotations:03}.log"
        os.rename(self.path, backup)
        self.open()
        if self.compress:
            with open(backup, "rb") as plain, gzip.open(f"{backup}.gz", "wb") as packed:
                shutil.copyfileobj(plain, packed)
            os.unlink(backup)
        self.rotations += 1


class LumberjackCompress(Lumberjack):
    compress = True


class Kubelet(Rotator):
    """pods/0.log behind the link log/pod.log. Each rotation compresses what the one before left,
    through a .tmp, renames the file, and tells the runtime to open another one."""

    wanted = ("pod.log",)

    def __init__(self, work):
        super().__init__(work)
        self.pods = work / "pods"
        self.pods.mkdir()
        self.path = self.pods / "0.log"
        self.open()
        os.symlink(self.path, self.dir / "pod.log")

    def rotate(self):
        for name in sorted(self.pods.glob("0.log.*")):
            if name.suffix == ".gz":
                continue
            with open(name, "rb") as plain, gzip.open(f"{name}.tmp", "wb") as packed:
                shutil.copyfileobj(plain, packed)
            os.rename(f"{name}.tmp", f"{name}.gz")
            os.unlink(name)
        stamp = time.strftime("%Y%m%d", time.gmtime())
        os.rename(self.path, f"{self.path}.{stamp}-{100000 + self.rotations}")
        self.open()
        self.rotations += 1


class Java(Rotator):
    """The real library, in a JVM that serves all tests: see java/*.java."""

    jars = ()
    program = ""
    opens = "open"
    _processes = {}

    def __init__(self, work):
        super().__init__(work)
        self.tell(f"{self.opens} {self.dir}")

    def tell(self, words):
        process = self._processes.get(self.program) or self.begin()
        process.stdin.write(words + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ok\n"

    def begin(self):
        classes = BUILD / "it" / "classes"
        classes.mkdir(parents=True, exist_ok=True)
        path = ":".join([str(classes), *(f"{JARS}/{jar}.jar" for jar in self.jars)])
        source = JAVA / f"{self.program}.java"
        subprocess.run(["javac", "-proc:none", "-d", classes, "-cp", path, source], check=True)
        command = ["java", "-Xmx64m", "-XX:+UseSerialGC", "-cp", path, self.program]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self._processes[self.program] = process
        return process

    def put(self, lines):
        self.tell(f"write {len(self.written)} {len(lines)}")

    def rotate(self):
        self.tell("roll")
        self.rotations += 1

    @classmethod
    def end(cls):
        for process in cls._processes.values():
            process.stdin.close()
            process.wait(20)
        cls._processes.clear()


class Logback(Java):
    """SizeAndTimeBased: app.log becomes app-DAY.0.log…tmp, and in the background .gz."""

    jars = ("logback-classic", "logback-core", "slf4j-api")
    program = "Logback"


class Log4j(Java):
    """RollingFile: app.log becomes app-DAY-1.log, and in the background .gz."""

    jars = ("log4j-api", "log4j-core")
    program = "Log4j"


class Log4jWanted(Log4j):
    wanted = ("app.log", "app-*.log*")
    source = {"compressed": True}


class Log4jDirect(Java):
    """DirectWrite: app-1.log, app-2.log; there is no file that is renamed."""

    jars = Log4j.jars
    program = "Log4j"
    opens = "direct"
    wanted = ("app-*.log",)
    ordered = False
