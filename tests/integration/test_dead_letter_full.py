# SPDX-License-Identifier: Apache-2.0
"""dead_letter_full = "drop_oldest": the room of a source's dead letters is used up, and its oldest ones go.

Keys are to be numbers, and those that are none make dead letters; each takes len("n=00 k=x") = 8 bytes."""

import pytest
from rig import config
from rig.reader import Reader
from rig.state import read_state
from rig.wait import wait_for

PATTERN = r"^n=\d+ k=(?<k>\S+)$"
ROOM = 5  # letters
SIZE = len("n=00 k=x")


def source(topic, path, **more):
    return {
        "name": path.stem,
        "paths": [str(path)],
        "parser": "order",
        "topic": topic,
        "key": "${k}",
        "key_type": "int64",
        "on_missing_key": "dead_letter",
        **more,
    }


def lines(numbers):
    return "".join(f"n={n:02} k={n if n % 2 else 'x'}\n" for n in numbers)


def write(path, numbers):
    with open(path, "a", encoding="ascii") as file:
        file.write(lines(numbers))


def kept(agent, name):
    """Numbers of the dead letters of a source, the oldest first."""
    letters = [letter for letter in read_state(agent.state).dead_letters if letter["source"] == name]
    letters.sort(key=lambda letter: letter["id"])
    return [int(bytes(letter["value"])[2:4]) for letter in letters]


@pytest.fixture
def two(cluster, topic, work, make_agent):
    """Two sources, of which one lets its oldest letters go."""
    paths = [work / "log" / f"{name}.log" for name in ("drops", "holds")]
    drops = source(topic, paths[0], dead_letter_max=ROOM * SIZE, dead_letter_full="drop_oldest")
    holds = source(topic, paths[1], dead_letter_max=ROOM * SIZE)
    settings = config.settings(cluster.bootstrap, [drops, holds], pattern=PATTERN)
    return make_agent(text=config.render_settings(settings)), paths, Reader(cluster.bootstrap, topic)


def shipped(reader):
    return sorted(int(record.value[2:4]) for record in reader.records())


@pytest.mark.scenario("G01")
def test_the_oldest_make_room(two):
    """None of its lines waits, the newest letters are kept, the others counted; of another source, which
    holds, nothing goes. Across a kill and a stop, too."""
    agent, (drops, holds), reader = two
    write(holds, range(60, 60 + 2 * ROOM))  # as many as there is room for
    write(drops, range(0, 40))
    agent.start()
    agent.counted(lines_dead=20 + ROOM, lines_delivered=20 + ROOM)
    said = agent.wait_says("drop_oldest", "source drops")
    assert f"dead_letter_max: {ROOM * SIZE} bytes" in said
    assert "removed for newer ones" in said
    wait_for(lambda: agent.counters()["letters_displaced"] == 20 - ROOM, 10, "the oldest are gone")
    wait_for(lambda: kept(agent, "drops") == list(range(30, 40, 2)), 10, "the newest are kept")
    agent.kill()
    write(drops, range(40, 50))
    agent.start()
    agent.counted(lines_read=10)
    wait_for(lambda: kept(agent, "drops") == list(range(40, 50, 2)), 10, "those of the second life")
    assert agent.counters()["letters_displaced"] == ROOM
    assert kept(agent, "holds") == list(range(60, 70, 2))
    write(holds, [90, 91])
    agent.wait_says("no room for the next one", "source holds")
    agent.stop()
    counters = agent.counters()
    assert (counters["letters_displaced"], counters["letters_dropped"]) == (ROOM, 0), counters
    odd = [n for n in [*range(50), *range(60, 70)] if n % 2]
    assert shipped(reader) == odd
    assert not [line for line in agent.messages().splitlines() if "no room" in line and "source drops" in line]


def test_one_that_is_larger_than_all_the_room_waits(two):
    """Nothing is dropped for a letter that would not fit alone."""
    agent, (drops, _), reader = two
    write(drops, range(0, 10))
    agent.start()
    agent.counted(lines_dead=5, lines_delivered=5)
    with open(drops, "a", encoding="ascii") as file:
        file.write("n=10 k=" + "x" * ROOM * SIZE + "\n" + lines([11]))
    agent.wait_says("no room for the next one", "source drops")
    agent.stop()
    assert kept(agent, "drops") == [0, 2, 4, 6, 8]
    assert agent.counters()["letters_displaced"] == 0
    assert shipped(reader) == [1, 3, 5, 7, 9]
