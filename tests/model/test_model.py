# SPDX-License-Identifier: Apache-2.0
"""Random lists of actions on several files, against a model of what must arrive. MODEL_LISTS says
how many lists, MODEL_SEED which; `make model LISTS=20000` runs a night's worth."""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from kept import KEPT
from rig import Rig
from world import World

LISTS = int(os.environ.get("MODEL_LISTS", "50"))
SEED = int(os.environ.get("MODEL_SEED", "1"))

SLOTS = st.integers(0, 3)
LINES = st.sampled_from([1, 2, 3, 100])
# Copies in the pattern or beside it, where rotated files may be, and where nobody looks.
PLACES = st.sampled_from(["number", "date", "olddir", "outside"])
ACTIONS = {
    "write": st.tuples(st.just("write"), SLOTS, LINES),
    "part": st.tuples(st.just("part"), SLOTS),
    "rotate": st.tuples(
        st.just("rotate"), SLOTS, st.sampled_from(["number", "date", "olddir"]), st.booleans()
    ),
    "late": st.tuples(st.just("late"), SLOTS, LINES),
    "close": st.tuples(st.just("close"), SLOTS),
    "delete": st.tuples(st.just("delete"), SLOTS, st.booleans()),
    "truncate": st.tuples(st.just("truncate"), SLOTS),
    "rewrite": st.tuples(st.just("rewrite"), SLOTS, LINES),
    "copy": st.tuples(st.just("copy"), SLOTS, PLACES),
    "copytruncate": st.tuples(st.just("copytruncate"), SLOTS, PLACES),
    "remove_copy": st.tuples(st.just("remove_copy"), SLOTS),
    "remove_old": st.tuples(st.just("remove_old"), SLOTS),
    "compress": st.tuples(st.just("compress"), SLOTS, st.booleans()),
    "replace": st.tuples(st.just("replace"), SLOTS, st.sampled_from([0, 1, 3])),
    "edit": st.tuples(st.just("edit"), SLOTS, LINES),
    "recreate": st.tuples(st.just("recreate"), SLOTS, LINES),
    "overwrite": st.tuples(st.just("overwrite"), SLOTS),
    "move_directory": st.tuples(st.just("move_directory")),
    "restore_directory": st.tuples(st.just("restore_directory")),
    "remove_directory": st.tuples(st.just("remove_directory")),
    "relink": st.tuples(st.just("relink")),
    "run": st.tuples(st.just("run"), st.sampled_from([0, 500, 6000, 35000])),
    "sleep": st.tuples(st.just("sleep"), st.sampled_from([1500, 35000])),
    "kill": st.tuples(st.just("kill"), st.booleans()),
    "stop": st.tuples(st.just("stop")),
    "start": st.tuples(st.just("start")),
    "checkpoint": st.tuples(st.just("checkpoint")),
    "broker": st.tuples(st.just("broker"), st.booleans()),
    "refuse": st.tuples(st.just("refuse")),
    "fail": st.tuples(st.just("fail")),
}
ONLY = os.environ.get("MODEL_ONLY", "")
# Without these often nothing of the others is seen.
OFTEN = {"run": 6, "write": 4, "kill": 2, "start": 2}
CHOSEN = st.one_of(
    [
        ACTIONS[name]
        for name in (ONLY.split(",") if ONLY else ACTIONS)
        for _ in range(OFTEN.get(name, 1))
    ]
)
# Lists of lists, put one behind the other, are longer than lists, and shrink as well.
LISTS_OF_ACTIONS = st.lists(st.lists(CHOSEN, max_size=8), max_size=8).map(
    lambda parts: [action for part in parts for action in part]
)


@pytest.fixture(scope="module")
def rig():
    """One process; another one after a crash."""
    holder = []

    def alive():
        if not holder or holder[0].process.poll() is not None:
            holder[:] = [Rig()]
        return holder[0]

    yield alive
    if holder:
        holder[0].close()


def play(rig, wide, compressed, actions, trace=None):
    world = World(rig(), wide, compressed, trace)
    try:
        world.run(actions)
    finally:
        world.close()


@seed(SEED)
@settings(
    max_examples=LISTS,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
@given(wide=st.booleans(), compressed=st.booleans(), actions=LISTS_OF_ACTIONS)
def test_random_lists(rig, wide, compressed, actions):
    play(rig, wide, compressed, actions)


@pytest.mark.parametrize("name", KEPT)
def test_kept_lists(rig, name):
    wide, compressed, actions = KEPT[name]
    play(rig, wide, compressed, actions)
