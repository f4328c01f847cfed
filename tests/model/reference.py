# SPDX-License-Identifier: Apache-2.0
"""What must become of lines, said without a word of how waybill does it.

A content is what one generation of a file holds: truncating or rewriting a file makes another one.
Each line has a text of its own and ends in one of these ways:

    MUST      it arrives, once for each time that a crash may have forgotten its delivery
    FRAGILE   its bytes are gone, but it was read, or a descriptor still reads it: it arrives
              unless this life of the agent ends, or its record comes back
    MAY       its bytes were destroyed unread: it may arrive
"""

from dataclasses import dataclass, field

MUST, FRAGILE, MAY = "must", "fragile", "may"


class Broken(AssertionError):
    """A promise that was not kept."""


@dataclass(eq=False)
class Twin:
    """A copy of a content that is still at its path."""

    path: object
    inode: int
    size: int  # so many bytes of it
    older: bool = False  # than what was written last before the first start of all


@dataclass(eq=False)
class Content:
    slot: int
    generation: int
    inode: int = 0
    path: object = None  # None: no name leads to it
    packed: bool = False  # what is there is compressed
    copied: bool = False  # the file there is another one than that in which it began
    suspected: bool = False  # of the file that it was in nothing was read, but that was known
    had: set = field(default_factory=set)  # inodes in which it was
    twin: object = None
    left: bool = False  # its path is another's or nobody's
    seen: bool = False  # the agent knew of it at least once
    looked_at: bool = False  # the agent had a turn since it began
    unwatched: bool = False  # it began in a directory that the agent had not seen
    stored: bool = False  # and a checkpoint knows
    lines: list = field(default_factory=list)
    size: int = 0
    was_away: bool = False  # it had left its path for a while, with half a line perhaps
    copy_told: bool = False  # its copy may be taken for a generation
    halved: bool = False  # the agent saw half a line of it
    begun: str = ""  # the beginning of a line that was written without its rest
    rest: str = ""
    alive: bool = True  # its bytes are somewhere
    held: bool = False  # only by the agent's descriptor
    writer: object = None  # a descriptor by which somebody writes on
    sent: int = 0  # end of the last line that was sent for the first time

    def stored_end(self):
        """The end of the last line of which a checkpoint knows that it landed."""
        return max((line.end for line in self.lines if line.durable), default=0)


@dataclass(eq=False)
class Line:
    text: str
    content: Content
    end: int
    late: bool  # written to a content when it was no longer the newest
    fate: str = MUST
    sent: bool = False
    landed: int = 0
    allowed: int = 1
    copies: int = 0  # so many of those, since a copy may be taken for another file
    settled: bool = False  # it landed in this life of the agent
    durable: bool = False  # and a checkpoint knows


class Reference:
    def __init__(self):
        self.lines = {}
        self.pieces = set()  # of lines that may be shipped in two pieces
        self.rests = {}  # by the second one: the line
        self.newest_sent = {}  # by slot: the newest generation of which a line was sent
        # What the agent may call lost that is not: a line without its end, or one that landed when
        # it was dying.
        self.told_of = False
        self.forgetful = False  # records come back: what is FRAGILE may be lost by that

    def write(self, content, text, late):
        content.size += len(text) + 1
        line = Line(text, content, content.size, late)
        line.fate = MAY if not content.alive else FRAGILE if content.held else MUST
        content.lines.append(line)
        self.lines[text] = line

    def may_split(self, text, cut):
        """The agent may have shipped its first bytes as a line before the rest came."""
        self.pieces |= {text[:cut], text[cut:]}
        self.rests[text[cut:]] = self.lines[text]
        self.lines[text].fate = MAY

    def destroy(self, content, read, still_open, behind=0):
        """read: the agent has read so far; still_open: and will read the rest; behind: but what
        is before this is somewhere else."""
        lines = [line for line in content.lines if line.end > behind]
        unknown = any(line.landed and not line.durable for line in lines)
        self.told_of = self.told_of or unknown or bool(content.rest)
        for line in lines:
            if line.fate == MUST and not line.landed:
                kept = line.end <= read or still_open
                line.fate = FRAGILE if kept and not self.forgetful else MAY

    def may_repeat(self, content, upto):
        """A copy of its first bytes may be taken for another file."""
        for line in content.lines:
            if line.end <= upto:
                line.allowed += 1
                line.copies += 1

    def lose_grip(self):
        """A life ended, or records came back: what had only the memory of the agent is gone."""
        for line in self.lines.values():
            if line.fate == FRAGILE and not line.landed:
                line.fate = MAY

    def crash(self):
        self.lose_grip()
        for line in self.lines.values():
            if line.landed and not line.durable:
                line.allowed = line.landed + 1 + line.copies
                self.told_of = self.told_of or line.content.path is None
            line.settled = False

    def see(self, answer):
        for text in answer["sent"]:
            self._sent(text)
        for text in answer["delivered"]:
            self._landed(text)
        if answer["durable"] >= 0:
            after = set(answer["delivered"][answer["durable"] :])
            for line in self.lines.values():
                line.durable = line.durable or (line.settled and line.text not in after)

    def _sent(self, text):
        line = self.lines.get(text)
        if line is None:
            if text not in self.pieces:
                raise Broken(f"ALIEN: {text!r} was never written as a line")
            # It had its turn: a life that knows of neither piece reads the line as it stands there
            # now, and may do so behind lines that the life before has sent.
            if text in self.rests:
                self.rests[text].sent = True
            return
        if line.sent:
            return
        line.sent = True
        content = line.content
        if line.end < content.sent:
            raise Broken(f"ORDER: {text!r} comes after a later line of the same file")
        content.sent = line.end
        newest = self.newest_sent.get(content.slot, 0)
        if content.generation < newest and not line.late and line.fate == MUST:
            raise Broken(f"ORDER: {text!r} comes after a line of a newer generation")
        if not line.late:
            self.newest_sent[content.slot] = max(newest, content.generation)

    def _landed(self, text):
        line = self.lines.get(text)
        if line is None:
            return
        line.landed += 1
        line.settled = True
        if line.landed > line.allowed:
            raise Broken(f"DUP: {text!r} was delivered {line.landed} times, not {line.allowed}")

    def missing(self):
        return [line for line in self.lines.values() if line.fate != MAY and not line.landed]

    def finish(self, counters):
        missing = [line.text for line in self.missing()]
        if missing:
            raise Broken(f"LOST: {len(missing)} lines: {', '.join(missing[:8])}")
        ends = ("lines_delivered", "in_flight", "lines_filtered", "lines_dead", "lines_forgotten")
        settled = sum(counters[end] for end in ends)
        # A line that was read, came back and was destroyed before it was read again is in neither;
        # nor is the beginning of one that came back and is whole when it is read again.
        apart = sum(line.fate == MAY and not line.landed for line in self.lines.values())
        apart += len(self.pieces)
        if not settled <= counters["lines_read"] <= settled + apart:
            raise Broken(f"SUM: {counters['lines_read']} lines read, {settled} accounted for")
        lost = self.told_of or any(line.fate == MAY for line in self.lines.values())
        if not lost and (counters["files_lost"] or counters["bytes_lost"]):
            raise Broken("FALSE LOSS: the agent tells of a loss that was none")
