# SPDX-License-Identifier: Apache-2.0
"""Lists that the program did wrong once, each as short as it could be made: (wide, compressed,
actions)."""

KEPT = {
    "rewritten while records come back: what was settled ahead is not cut out of the new lines": (
        False,
        False,
        [("fail",), ("write", 1, 1), ("write", 1, 2), ("write", 0, 1), ("write", 0, 1), ("run", 0),
         ("rewrite", 1, 1)],
    ),
    "the same with more lines than there were: the first bytes tell": (
        False,
        False,
        [("write", 0, 1), ("write", 0, 1), ("write", 0, 1), ("write", 0, 1), ("fail",), ("run", 0),
         ("rewrite", 0, 100)],
    ),
    "rewritten shorter while a record comes back, behind it half a line": (
        False,
        False,
        [("part", 0), ("fail",), ("part", 0), ("run", 0), ("rewrite", 0, 1)],
    ),
    "rewritten before anything was settled: the first look at it says so": (
        False,
        False,
        [("write", 0, 1), ("broker", False), ("run", 0), ("stop",), ("start",), ("rewrite", 0, 1)],
    ),
    "overwritten while its first line came back: the row knows the new first bytes": (
        False,
        False,
        [("fail",), ("write", 0, 1), ("run", 0), ("overwrite", 0)],
    ),
}
