# SPDX-License-Identifier: Apache-2.0
"""waybill explain: why a line is, or is not, in Kafka, asked of a running agent."""

import gzip
import json
import os
import subprocess

import pytest
from rig import config
from rig.rights import UNPRIVILEGED
from rig.state import read_state
from rig.wait import wait_for

NOWHERE = "127.0.0.1:1"  # no broker there
EX_OK = 0
EX_NOINPUT = 66
EX_UNAVAILABLE = 69
EX_USAGE = 64


def explain(agent, what, expect=EX_OK, cwd=None):
    where = ["--config", agent.config, "--state-dir", agent.state]
    done = subprocess.run(
        [agent.program, "explain", *where, str(what)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
    )
    assert done.returncode == expect, done.stderr + done.stdout
    assert all(len(line) <= 80 or "/" in line for line in done.stdout.splitlines())
    return " ".join((done.stdout + done.stderr).split())


@pytest.mark.scenario("G01", "G03")
def test_what_waits(work, make_agent):
    path = work / "log" / "a.log"
    path.write_text("one\ntwo\nthree")
    agent = make_agent(NOWHERE, "orders")
    assert "no agent answers" in explain(agent, path, EX_UNAVAILABLE)
    agent.start()
    agent.wait_says("started:")
    assert explain(agent, f"{path}:2").startswith("unread: it is not read yet")
    assert "all before position 0 is settled" in explain(agent, path)
    for about in (path, f"{path}:2"):
        words = "which is unknown: no broker has told of it yet; no broker answers"
        wait_for(lambda about=about: words in explain(agent, about), 30, words)
    assert explain(agent, f"{path}@13").startswith("beyond: the file has 13 bytes")
    assert "has no line 5" in explain(agent, f"{path}:5", EX_NOINPUT)
    other = work / "log" / "a.txt"
    assert explain(agent, other).startswith("unmatched: no source wants it: the nearest is")
    assert explain(agent, work / "log" / "b.log").startswith("absent: source ")
    assert explain(agent, "b.log", cwd=work / "log").startswith("absent: source ")


@pytest.mark.parametrize("how", ["UTF-16LE", "UTF-16BE", "UTF-16", "--", "\\0\\n"])
def test_lines_are_counted_as_the_source_ends_them(work, make_agent, how):
    """A character of which a byte is 0x0A ends no line of UTF-16, nor does an LF where lines end otherwise."""
    end = {"--": "--", "\\0\\n": "\0\n"}.get(how, "\n")
    codec = {"UTF-16": "utf-16-be"}.get(how, how if end == "\n" else "utf-8")
    mark = "\ufeff" if how == "UTF-16" else ""
    lines = [f"{mark}one \u0a0a\u0a00", "two\x0b", "", "x" * 70000, "five"]
    if end != "\n":
        lines[1] = "two\n"
    path = work / "log" / "a.log"
    path.write_bytes("".join(line + end for line in lines).encode(codec))
    setting = "encoding" if end == "\n" else "line_end"
    source = {"name": "s", "paths": [str(path)], "topic": "t", setting: how}
    settings = config.settings(NOWHERE, [source])
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.wait_says("started:")
    for number in range(1, 6):
        before = "".join(line + end for line in lines[: number - 1]).encode(codec)
        answer = json.loads(agent.ask("explain", "--json", f"{path}:{number}"))
        assert answer["position"] == len(before), number
    assert "has no line 7" in explain(agent, f"{path}:7", EX_NOINPUT)


@pytest.mark.scenario("G01", "G03")
def test_what_became_of_lines(cluster, topic, work, make_agent):
    path = work / "log" / "a.log"
    path.write_text("k=1 fine\nsecret\nk=2 fine\nrest")
    source = {"name": "orders", "paths": [str(path)], "parser": "order", "topic": topic}
    source.update(key="${k}", on_missing_key="dead_letter")
    settings = config.settings(cluster.bootstrap, [source], pattern=r"k=(?<k>\S+)")
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.counted(lines_delivered=2, lines_dead=1)
    assert explain(agent, f"{path}:2").startswith("dead: it is a dead letter: KEY_MISSING")
    # It is not parsed again, whatever is mended: sent again it has no key, as before.
    assert "replay` sends it as it is kept" in explain(agent, f"{path}:2")
    agent.wait_says("a record was refused (KEY_MISSING", "sends it as it is kept: it is not parsed again")
    assert explain(agent, f"{path}:3").startswith("settled: ")
    assert explain(agent, f"{path}:3").endswith("is not kept (`waybill run --print-acks` prints it)")
    assert explain(agent, f"{path}@28").startswith("unread: it is not read yet: its file waits for the end of its last line")
    assert explain(agent, path).startswith("partial: source orders follows it")
    assert "secret" not in explain(agent, f"{path}:2")
    agent.stop()


@pytest.mark.scenario("G01", "G03")
def test_a_letter_among_thousands(cluster, topic, work, make_agent):
    path = work / "log" / "a.log"
    path.write_text("none\n" * 5000 + "k=1\n")
    source = {"name": "s", "paths": [str(path)], "parser": "order", "topic": topic}
    source.update(key="${k}", on_missing_key="dead_letter")
    settings = config.settings(cluster.bootstrap, [source], pattern=r"k=(?<k>\S+)", checkpoint_interval="100ms")
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.counted(lines_delivered=1, lines_dead=5000)
    wait_for(lambda: explain(agent, f"{path}:4999").startswith("dead: it is a dead letter: KEY_MISSING"), 20, "dead")
    assert "it is no dead letter" in explain(agent, f"{path}:5001")
    agent.stop()


@pytest.mark.scenario("G01", "G03")
def test_the_partition_of_a_line_without_a_key(broker, own_topic, work, make_agent):
    """In flight, and no other partition has records in flight."""
    path = work / "log" / "a.log"
    path.write_text("one\n")
    source = {"name": "orders", "paths": [str(path)], "topic": own_topic}
    agent = make_agent(text=config.render_settings(config.settings(broker.bootstrap, [source]))).start()
    agent.counted(lines_delivered=1)
    broker.freeze()
    try:
        with path.open("a") as log:
            log.write("two\n")
        words = f"in_flight: it was sent to topic {own_topic} partition "
        wait_for(lambda: explain(agent, f"{path}:2").startswith(words), 30, words)
    finally:
        broker.thaw()
    agent.counted(lines_delivered=2)
    agent.stop()


@pytest.mark.scenario("G01", "G03")
def test_an_event_that_may_go_on(cluster, topic, work, make_agent):
    path = work / "log" / "a.log"
    path.write_text("one\n more\ntwo\n more of two\n")
    source = {"name": "orders", "paths": [str(path)], "topic": topic}
    source["multiline"] = {"type": "indent", "flush_after": "10m"}
    agent = make_agent(text=config.render_settings(config.settings(cluster.bootstrap, [source]))).start()
    agent.counted(lines_delivered=2)
    for line in (3, 4):
        said = explain(agent, f"{path}:{line}")
        assert said.startswith("open: it is in an event that others may go on with"), said
        assert "flush_after, 600 s" in said
    assert explain(agent, f"{path}:2").startswith("settled")
    agent.stop()


@pytest.mark.scenario("G01", "G03")
def test_letters_that_have_all_their_room_hold_their_file(cluster, topic, work, make_agent):
    path = work / "log" / "a.log"
    path.write_text("k=1 fine\n" + "none\n" * 3)
    source = {"name": "orders", "paths": [str(path)], "parser": "order", "topic": topic}
    source.update(key="${k}", on_missing_key="dead_letter", dead_letter_max="10")
    settings = config.settings(cluster.bootstrap, [source], pattern=r"k=(?<k>\S+)")
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.counted(lines_delivered=1, lines_dead=2)
    wait_for(lambda: explain(agent, path).startswith("held"), 30, "a file that is held")
    said = explain(agent, f"{path}:4")
    assert said.startswith("unread: it is not read yet: its file waits for room for its dead letter"), said
    assert "`waybill dead-letters replay` or `drop`" in said
    agent.stop()


@pytest.mark.scenario("G01", "G03")
def test_rates(cluster, topic, work, make_agent):
    """Of all sources, and of files that are far behind."""
    path = work / "log" / "a.log"
    path.write_text(("x" * 99 + "\n") * 3000)
    agent = make_agent(cluster.bootstrap, topic, max_rate="1KiB/s").start()
    agent.wait_says("started:")
    words = "unread: it is not read yet: its file waits for its rate: max_rate of all sources"
    wait_for(lambda: explain(agent, f"{path}:2990").startswith(words), 30, words)
    agent.kill()
    path.write_text(("x" * 999 + "\n") * 20000)
    agent = make_agent(cluster.bootstrap, topic, catch_up_rate="1KiB/s").start()
    agent.wait_says("started:")
    words = "its file waits for its rate: it is far behind, and such files have catch_up_rate"
    wait_for(lambda: words in explain(agent, f"{path}:19990"), 30, words)
    agent.kill()


@pytest.mark.scenario("G01", "G03")
def test_no_room_for_a_file(work, make_agent):
    for number in range(40):
        (work / "log" / f"{number:02}.log").write_text("one\n")
    agent = make_agent(NOWHERE, "orders", max_files=16).start()
    agent.wait_says("wait", "max_files")
    said = [explain(agent, work / "log" / f"{number:02}.log") for number in range(40)]
    waiting = [words for words in said if words.startswith("no_room: source lines wants it")]
    assert waiting and all("raise max_files" in words for words in waiting), said
    agent.kill()


@pytest.mark.scenario("G01", "G03")
def test_any_byte_of_a_line_tells_of_its_line(cluster, topic, work, make_agent):
    """Not of what begins there: that would be no dead letter, and of another rule; and whoever may ask and may
    not read the file could find out what is in it, byte by byte."""
    path = work / "log" / "a.log"
    lines = ["k=1 fine\n", "none k2\n", "k=3 drop me\n", "k=4 rop\n"]
    path.write_text("".join(lines))
    source = {"name": "orders", "paths": [str(path)], "parser": "order", "topic": topic}
    source |= {"key": "${k}", "on_missing_key": "dead_letter"}
    rules = {"drops": "drop", "begins": "^(ine|2|rop)"}
    source["rules"] = [{"name": name, "action": "drop", "pattern": pattern} for name, pattern in rules.items()]
    settings = config.settings(cluster.bootstrap, [source], pattern=r"^(?:k=(?<k>\d))?")
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.counted(lines_filtered=1, lines_dead=1, lines_delivered=2)
    wait_for(lambda: agent.ask("dead-letters", "list", "--json"), 20, "it is stored")
    agent.stop()  # what is in memory of them goes
    agent.start()
    agent.wait_says("started:")
    dropped = 'filtered: it is settled: left out by rule "drops"'
    wants = ["settled: ", "dead: it is a dead letter: KEY_MISSING", dropped, "settled: "]
    at = 0
    for line, words in zip(lines, wants):
        for byte in range(len(line)):
            said = explain(agent, f"{path}@{at + byte}")
            assert said.startswith(words), (line, byte, said)
        at += len(line)
    agent.stop()


@pytest.mark.scenario("G01", "G03")
def test_a_file_under_another_name(work, make_agent):
    """A link of it, a name that is no UTF-8, a name that leads elsewhere, one that is not there."""
    logs = work / "log"
    path = logs / "a.log"
    path.write_text("one\ntwo\n")
    os.link(path, work / "hard")
    raw = os.fsencode(logs) + b"/\xff\x01.log"
    with open(raw, "w", encoding="ascii") as log:
        log.write("one\n")
    os.symlink("/dev/zero", logs / "zero.log")
    agent = make_agent(NOWHERE, "orders").start()
    agent.wait_says("started:")
    assert explain(agent, work / "hard").startswith(("held: source lines follows it", "reading: source lines follows it"))
    assert explain(agent, f"{work}/hard:2").startswith("unread: it is not read yet")
    assert explain(agent, os.fsdecode(raw)).startswith(("held: source lines follows it", "reading: source lines follows it"))
    assert explain(agent, os.fsdecode(raw) + ":1").startswith("unread: it is not read yet")
    shown = agent.ask("checkpoint", "show", os.fsdecode(raw))
    assert "position   0" in shown and "size       4" in shown
    assert "position 0" in agent.ask("checkpoint", "set", os.fsdecode(raw), "end", "--dry-run")
    for name in ("zero.log", "../log/zero.log"):
        assert explain(agent, name, cwd=logs).startswith("absent: source lines wants it")
    assert explain(agent, "../log/b.log", cwd=logs).startswith("absent: source lines wants it")
    agent.kill()


@pytest.mark.scenario("G01", "G03", "B06")
def test_what_is_in_the_way_of_a_file(work, make_agent):
    """A directory that is closed to the agent, or open but for its list; a link that leads nowhere; what is no
    file. The one who asks is closed out of nothing."""
    logs = work / "log"
    for name, mode in (("closed", 0), ("unlisted", 0o311), ("open", 0o755)):
        (logs / name).mkdir()
        (logs / name / "a.log").write_text("one\n")
        (logs / name).chmod(mode)
    os.symlink(logs / "nowhere" / "b.log", logs / "open" / "link.log")
    os.mkfifo(logs / "open" / "fifo.log")
    source = {"name": "s", "paths": [str(logs / "*" / "*.log"), str(logs / "closed" / "literal")], "topic": "t"}
    agent = make_agent(text=config.render_settings(config.settings(NOWHERE, [source])))
    agent.prefix = UNPRIVILEGED
    agent.start()
    agent.wait_says("started:")
    for name in ("closed/a.log", "closed/a.log:1", "closed/literal", "unlisted/a.log"):
        said = explain(agent, logs / name)
        assert said.startswith("unreadable: source s wants it, and directory "), (name, said)
        assert f"{logs / name.split('/')[0]} cannot be read: waybill's user" in said, (name, said)
    assert explain(agent, logs / "open" / "c.log").endswith("no such file is known: it is not there")
    assert f"there is no {logs / 'nowhere'}, which is on" in explain(agent, logs / "open" / "link.log")
    assert "it is a directory, FIFO, socket or device" in explain(agent, logs / "open" / "fifo.log")
    (logs / "closed").chmod(0o755), (logs / "unlisted").chmod(0o755)
    for name in ("closed", "unlisted"):
        wait_for(lambda name=name: "source s follows it" in explain(agent, logs / name / "a.log"), 40, name)
    agent.kill()


@pytest.mark.scenario("G01", "G03")
@pytest.mark.parametrize("setting", [{"start_at": "end"}, {"ignore_older": "1h"}], ids=lambda setting: next(iter(setting)))
def test_what_was_passed_over_at_first(cluster, topic, work, make_agent, setting):
    """It is in no topic, and not said to be."""
    path = work / "log" / "a.log"
    path.write_text("one\n")
    os.utime(path, (1e9, 1e9))
    source = {"name": "s", "paths": [str(path)], "topic": topic, **setting}
    agent = make_agent(text=config.render_settings(config.settings(cluster.bootstrap, [source]))).start()
    agent.wait_says("started:")
    assert f"or passed over ({next(iter(setting))})" in explain(agent, f"{path}:1")
    agent.stop()


@pytest.mark.scenario("G01", "G03")
def test_what_has_no_lines(work, make_agent):
    """It is not waited for, nor read without an end."""
    logs = work / "log"
    os.mkfifo(logs / "fifo.log")
    (logs / "dir.log").mkdir()
    agent = make_agent(NOWHERE, "orders").start()
    agent.wait_says("started:")
    for name in (logs / "fifo.log", logs / "dir.log", "/dev/zero"):
        assert "no regular file" in explain(agent, f"{name}:2", EX_NOINPUT)
    assert "name is empty" in explain(agent, "", EX_USAGE)
    agent.kill()


@pytest.mark.scenario("G01", "G03")
def test_lines_of_a_compressed_file(cluster, topic, work, make_agent):
    """They are those of its content."""
    lines = [f"k={number} {'x' * (number % 700)}\n" for number in range(3000)]
    path = work / "log" / "a.log.gz"
    path.write_bytes(gzip.compress("".join(lines).encode()))
    source = {"name": "s", "paths": [str(path)], "topic": topic, "compressed": True}
    agent = make_agent(text=config.render_settings(config.settings(cluster.bootstrap, [source]))).start()
    agent.counted(lines_delivered=3000)
    for number in (1, 2, 700, 3000):
        answer = json.loads(agent.ask("explain", "--json", f"{path}:{number}"))
        assert answer["position"] == len("".join(lines[: number - 1])), number
        assert answer["verdict"] == "settled"
    assert "has no line 3002" in explain(agent, f"{path}:3002", EX_NOINPUT)
    agent.stop()


@pytest.mark.scenario("G02", "G03", "A16")
def test_what_was_destroyed_unread(work, make_agent):
    """Removed while no agent ran: by its name, of a line of it as well; also when the name is another one's
    by now."""
    logs = work / "log"
    gone, again = logs / "gone.log", logs / "again.log"
    for path in (gone, again):
        path.write_text("one\ntwo\n")
    agent = make_agent(NOWHERE, "orders", checkpoint_interval="100ms").start()
    agent.wait_says("started:")
    wait_for(lambda: len(read_state(agent.state).files) == 2, 20, "both are known")
    agent.stop()
    gone.unlink(), again.rename(work / "kept"), again.write_text("new\n")
    agent.start()
    agent.wait_says("started:"), agent.counted(files_lost=2)
    words = "8 bytes were lost unread"
    assert explain(agent, gone).startswith(f"destroyed: of what was in it {words}")
    said = explain(agent, f"{gone}:2", EX_NOINPUT)
    assert "No such file" in said and "it was removed while no agent ran" in said
    said = explain(agent, again)
    assert f"of what had this name before {words}" in said and not said.startswith("destroyed"), said
    assert explain(agent, logs / "other.log").startswith("absent: ")
    agent.kill()


@pytest.mark.scenario("G01", "G03", "A06")
def test_a_line_of_what_took_the_place_of_lines_in_flight(broker, own_topic, work, make_agent):
    """Of it nothing is settled, however far the content before it was."""
    path = work / "log" / "a.log"
    path.write_text("one\ntwo\n")
    agent = make_agent(broker.bootstrap, own_topic).start()
    agent.counted(lines_delivered=2)
    broker.freeze()
    try:
        with path.open("a") as log:
            log.write("three\n")
        agent.counted(in_flight=1)
        path.write_text("new\n")
        words = "unread: it is not read yet: its file shrank or was rewritten, and is read from its start again; it waits"
        wait_for(lambda: explain(agent, f"{path}:1").startswith(words), 30, words)
        said = explain(agent, path)
        assert "shrank or was rewritten" in said and "all before position 0 is settled" in said, said
        assert "0 of 4 bytes are settled, 0 are read; 1 record in flight" in " ".join(agent.ask("status", path).split())
    finally:
        broker.thaw()
    agent.counted(lines_delivered=4)
    assert explain(agent, f"{path}:1").startswith("settled: ")
    agent.stop()


@pytest.mark.scenario("G02", "G03")
def test_what_was_rewritten_unread(cluster, topic, work, make_agent):
    path = work / "log" / "a.log"
    path.write_text(("x" * 99 + "\n") * 3000)
    agent = make_agent(cluster.bootstrap, topic, max_rate="1KiB/s").start()
    agent.counted(lines_delivered=1)
    path.write_text("new\n")
    words = "bytes were lost unread (seen at"
    said = wait_for(lambda: words in (now := explain(agent, path)) and now, 30, words)
    assert "of what had this name before" in said and "it shrank or was rewritten" in said
    agent.kill()
