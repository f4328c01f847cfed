# SPDX-License-Identifier: Apache-2.0
"""Lists of actions: made at random from a seed, and made shorter.

Not by Hypothesis: its lists have five actions on average, seldom two of them on one file; in 600
there was nothing of what plain chance found in 80.
"""

import random

LINES = [1, 2, 3, 100]
WAYS = ["number", "number", "date", "olddir"]
# In the pattern or beside it, where rotated files may be, and where nobody looks.
COPIES = [*WAYS, "outside"]
YES_OR_NO = [False, True]

# By name: how often, and what its arguments are besides the file.
OF_FILES = {
    "write": (10, LINES),
    "part": (2,),
    "rotate": (6, WAYS, YES_OR_NO),
    "late": (2, LINES),
    "close": (2,),
    "delete": (2, YES_OR_NO),
    "truncate": (2,),
    "rewrite": (2, LINES),
    "overwrite": (2,),
    "replace": (2, [0, 1, 3]),
    "edit": (2, LINES),
    "recreate": (2, LINES),
    "copy": (2, COPIES),
    "copytruncate": (6, COPIES),
    "remove_copy": (2,),
    "remove_old": (2,),
    "compress": (4, YES_OR_NO, YES_OR_NO),
}
OF_THE_REST = {
    "move_directory": (1,),
    "restore_directory": (1,),
    "remove_directory": (1,),
    "relink": (1,),
    "run": (12, [0, 0, 500, 6000, 35000]),
    "sleep": (2, [1500, 35000]),
    "kill": (4, YES_OR_NO),
    "stop": (2,),
    "start": (3,),
    "checkpoint": (2,),
    "broker": (2, YES_OR_NO),
    "refuse": (1,),
    "fail": (2,),
}
ACTIONS = {**OF_FILES, **OF_THE_REST}
# What happens on one file meets more often than what happens on four.
SLOTS = [[0], [0], [2], [3], [0, 1], [0, 2, 3], [0, 1, 2, 3]]


def make(seed, only=()):
    """(wide, compressed, actions). only: names, or all."""
    dice = random.Random(seed)
    wide, compressed = dice.choice(YES_OR_NO), dice.choice(YES_OR_NO)
    slots = dice.choice(SLOTS)
    names = list(only or ACTIONS)
    without = set(dice.sample(names, dice.randint(0, len(names) // 2))) - {"write", "run"}
    names = [name for name in names if name not in without]
    actions = []
    for name in dice.choices(names, [ACTIONS[n][0] for n in names], k=dice.randint(3, 30)):
        of_file = [dice.choice(slots)] if name in OF_FILES else []
        actions.append((name, *of_file, *map(dice.choice, ACTIONS[name][1:])))
    return wide, compressed, actions


def shrink(world, is_bad):
    """The shortest that is found which is as bad: without parts, then with simpler arguments."""
    wide, compressed, actions = world

    def still(other):
        return is_bad((wide, compressed, other))

    size = max(1, len(actions) // 2)
    while size:
        at = 0
        while at < len(actions):
            shorter = actions[:at] + actions[at + size :]
            if still(shorter):
                actions = shorter
            else:
                at += size
        size //= 2
    actions = _simplify(actions, still)
    for simpler in [(False, False), (False, compressed), (wide, False)]:
        if is_bad((*simpler, actions)):
            return (*simpler, actions)
    return wide, compressed, actions


def _simplify(actions, still):
    for i, action in enumerate(actions):
        for k, value in enumerate(action[1:], 1):
            for simple in {int: [0, 1], bool: [False]}.get(type(value), []):
                if simple == value:
                    break
                other = [*actions[:i], (*action[:k], simple, *action[k + 1 :]), *actions[i + 1 :]]
                if still(other):
                    actions, action = other, other[i]
                    break
    return actions
