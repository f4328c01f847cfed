# SPDX-License-Identifier: Apache-2.0
"""Random lists of actions on several files, against a model of what must arrive. MODEL_LISTS says
how many lists, MODEL_SEED which; `make model LISTS=20000` runs a night's worth. MODEL_ONLY names
the actions, with commas, if not all are wanted. A part of the lists is a test of its own, for
pytest-xdist, and every part plays others."""

import os

import pytest
from kept import KEPT
from lists import make, shrink
from reference import Broken
from rig import Rig
from world import World

LISTS = int(os.environ.get("MODEL_LISTS", "50"))
SEED = os.environ.get("MODEL_SEED", "1")
ONLY = [name for name in os.environ.get("MODEL_ONLY", "").split(",") if name]
PARTS = 8
# So many of a part that fail are made shorter; then it is enough.
FAILURES = 3


class Player:
    """Plays lists, all in one process; in another one after a crash."""

    def __init__(self):
        self.rig = None

    def play(self, wide, compressed, actions, trace=None):
        if self.rig is None or self.rig.process.poll() is not None:
            self.rig = Rig()
        world = World(self.rig, wide, compressed, trace)
        try:
            world.run(actions)
        finally:
            world.close()

    def fault(self, world):
        """What is wrong with a list, or None."""
        try:
            self.play(*world)
        except Broken as broken:
            return str(broken)
        return None

    def close(self):
        if self.rig:
            self.rig.close()


@pytest.fixture(scope="module")
def player():
    one = Player()
    yield one
    one.close()


def shortest(player, world, fault):
    """The list and its fault, for a person to read and for kept.py."""
    kind = fault.split(":")[0]
    wide, compressed, actions = shrink(world, lambda w: (player.fault(w) or "").startswith(kind))
    fault = player.fault((wide, compressed, actions)) or f"not each time: {fault}"
    return f"({wide}, {compressed}, {actions})\n{fault}"


@pytest.mark.parametrize("part", range(PARTS))
def test_random_lists(player, part):
    found = []
    for number in range(part, LISTS, PARTS):
        world = make(f"{SEED}-{number}", ONLY)
        fault = player.fault(world)
        if fault:
            found.append(f"list {SEED}-{number}: {shortest(player, world, fault)}")
        if len(found) == FAILURES:
            break
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("name", KEPT)
def test_kept_lists(player, name):
    player.play(*KEPT[name])
