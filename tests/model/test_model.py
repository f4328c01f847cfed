# SPDX-License-Identifier: Apache-2.0
"""Random lists of actions on several files, against a model of what must arrive. MODEL_LISTS says
how many lists, MODEL_SEED which; `make model LISTS=20000` runs a night's worth."""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from kept import KEPT
from world import Rig, World

LISTS = int(os.environ.get("MODEL_LISTS", "50"))
SEED = int(os.environ.get("MODEL_SEED", "1"))

SLOTS = st.integers(0, 3)
LINES = st.sampled_from([1, 2, 3, 100])
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
    "copytruncate": st.tuples(st.just("copytruncate"), SLOTS),
    "compress": st.tuples(st.just("compress"), SLOTS),
    "overwrite": st.tuples(st.just("overwrite"), SLOTS),
    "move_directory": st.tuples(st.just("move_directory")),
    "remove_directory": st.tuples(st.just("remove_directory")),
    "relink": st.tuples(st.just("relink")),
    "run": st.tuples(st.just("run"), st.sampled_from([0, 500, 6000, 35000])),
    "kill": st.tuples(st.just("kill"), st.booleans()),
    "stop": st.tuples(st.just("stop")),
    "start": st.tuples(st.just("start")),
    "checkpoint": st.tuples(st.just("checkpoint")),
    "broker": st.tuples(st.just("broker"), st.booleans()),
    "refuse": st.tuples(st.just("refuse")),
    "fail": st.tuples(st.just("fail")),
}
ONLY = os.environ.get("MODEL_ONLY", "")
CHOSEN = st.one_of([ACTIONS[name] for name in (ONLY.split(",") if ONLY else ACTIONS)])
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


def play(rig, wide, actions, trace=None):
    world = World(rig(), wide, trace)
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
@given(wide=st.booleans(), actions=LISTS_OF_ACTIONS)
def test_random_lists(rig, wide, actions):
    play(rig, wide, actions)


@pytest.mark.parametrize("name", KEPT)
def test_kept_lists(rig, name):
    wide, actions = KEPT[name]
    play(rig, wide, actions)
