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
    "rotated before its first hint was followed: two new files in one look, the older one first": (
        True,
        False,
        [("run", 0), ("write", 0, 1), ("rotate", 0, "date", False), ("write", 0, 1)],
    ),
    "rotated before the first look, in a directory below": (
        True,
        False,
        [("start",), ("write", 2, 1), ("rotate", 2, "number", False), ("part", 2)],
    ),
    "a lineage of which no file is left: what came and was renamed was told by inotify": (
        False,
        False,
        [("part", 2), ("run", 0), ("rotate", 2, "number", False), ("remove_old", 2),
         ("run", 6000), ("write", 2, 1), ("rotate", 2, "number", False)],
    ),
    "a compressed file whose record came back is the same file": (
        True,
        True,
        [("part", 0), ("rotate", 0, "number", False), ("late", 0, 0), ("fail",),
         ("compress", 0, False)],
    ),
    "a file and what gzip made of it, both new in one look": (
        True,
        True,
        [("start",), ("write", 0, 1), ("rotate", 0, "number", False), ("compress", 0, True)],
    ),
    "compressed, and killed before that was judged": (
        True,
        True,
        [("write", 0, 1), ("run", 0), ("rotate", 0, "date", False), ("compress", 0, False),
         ("run", 1), ("kill", False)],
    ),
    "compressed with half a line at its end": (
        True,
        True,
        [("write", 2, 1), ("run", 0), ("part", 2), ("rotate", 2, "number", False),
         ("compress", 2, False)],
    ),
    "sed -i before anything was settled": (
        False,
        False,
        [("write", 0, 1), ("start",), ("replace", 0, 1)],
    ),
    "sed -i, then rotated, before a look: in order": (
        False,
        False,
        [("write", 0, 1), ("run", 1), ("replace", 0, 1), ("rotate", 0, "number", False),
         ("write", 0, 1)],
    ),
    "a copy in an old directory is no generation that nobody saw": (
        False,
        False,
        [("write", 0, 1), ("start",), ("copy", 0, "olddir"), ("rotate", 0, "olddir", False)],
    ),
    "a copy beside the target of a link is no generation that nobody saw": (
        False,
        False,
        [("write", 3, 1), ("run", 0), ("copy", 3, "number"), ("rotate", 3, "olddir", False)],
    ),
    "copied and cut off, then moved: the copy is what was shipped": (
        False,
        False,
        [("write", 3, 1), ("run", 0), ("copytruncate", 3, "number"),
         ("rotate", 3, "olddir", False)],
    ),
    "copied and cut off, then removed and made again": (
        False,
        False,
        [("write", 3, 1), ("run", 0), ("copytruncate", 3, "number"), ("recreate", 3, 0)],
    ),
    "copied and cut off, then replaced by itself": (
        False,
        False,
        [("write", 0, 1), ("run", 0), ("copytruncate", 0, "olddir"), ("replace", 0, 0)],
    ),
    "copied and cut off, written, then renamed: nothing of the new content is lost": (
        False,
        False,
        [("write", 0, 1), ("run", 0), ("copytruncate", 0, "number"), ("write", 0, 1),
         ("rotate", 0, "number", False)],
    ),
    "copied and cut off, moved, written late: nothing of that is lost": (
        False,
        False,
        [("write", 0, 1), ("run", 0), ("copytruncate", 0, "olddir"),
         ("rotate", 0, "olddir", False), ("late", 0, 1)],
    ),
    "copied and cut off twice, then renamed": (
        True,
        False,
        [("write", 0, 1), ("run", 0), ("copytruncate", 0, "number"),
         ("copytruncate", 0, "date"), ("rotate", 0, "number", False)],
    ),
    "copied and cut off, copied again, deleted": (
        True,
        False,
        [("write", 2, 1), ("run", 0), ("copytruncate", 2, "date"), ("copy", 2, "date"),
         ("delete", 2, False)],
    ),
    "copied and cut off between the last line and a stop: its row has no first bytes": (
        False,
        False,
        [("write", 0, 1), ("run", 0), ("copytruncate", 0, "number"), ("stop",), ("write", 0, 1)],
    ),
    "held as a copy of one that goes on in another inode": (
        False,
        False,
        [("write", 0, 1), ("run", 0), ("rewrite", 0, 1), ("copy", 0, "date"), ("replace", 0, 0)],
    ),
    "a copy of what was settled ahead is no content that nobody saw": (
        False,
        False,
        [("fail",), ("write", 0, 100), ("copy", 0, "number"), ("run", 1), ("truncate", 0)],
    ),
    "a generation is not held as the copy of one that was deleted": (
        False,
        False,
        [("write", 0, 1), ("run", 0), ("rotate", 0, "olddir", False), ("run", 35000),
         ("write", 0, 1), ("rotate", 0, "date", False), ("write", 0, 1), ("remove_old", 0)],
    ),
    "rotated while it is held": (
        True,
        False,
        [("write", 2, 1), ("run", 1), ("truncate", 2), ("write", 2, 1), ("recreate", 2, 1),
         ("run", 0), ("rotate", 2, "date", False), ("write", 2, 1)],
    ),
    "first seen beside its copy": (
        True,
        False,
        [("write", 0, 1), ("copy", 0, "number")],
    ),
    "in flight, copied and cut off: a checkpoint does not learn the new first bytes": (
        False,
        False,
        [("broker", False), ("write", 1, 1), ("run", 0), ("copytruncate", 1, "olddir"),
         ("write", 1, 1), ("run", 1)],
    ),
    "the inode of a claimed copy that was compressed is used again": (
        False,
        False,
        [
            ("part", 0),
            ("copytruncate", 0, "outside"),
            ("edit", 0, 1),
            ("run", 0),
            ("copytruncate", 0, "number"),
            ("run", 35000),
            ("rotate", 0, "olddir", True),
            ("compress", 0, False),
            ("write", 0, 0),
        ],
    ),
    "generations that come with their directory: a scan finds them in any order": (
        True,
        False,
        [("remove_directory",), ("run", 0), ("write", 2, 1), ("rotate", 2, "number", False),
         ("write", 2, 1)],
    ),
    "a new file and its copy in the place of one that was deleted": (
        True,
        False,
        [("part", 0), ("run", 0), ("delete", 0, False), ("write", 0, 1), ("copy", 0, "number")],
    ),
    "a directory that comes with a file and its copy": (
        True,
        False,
        [("write", 2, 0), ("run", 0), ("remove_directory",), ("write", 2, 1),
         ("copy", 2, "number")],
    ),
    "a copy that is older than what replaced its original while nobody ran": (
        True,
        False,
        [("write", 1, 1), ("write", 0, 1), ("run", 1), ("copy", 0, "number"), ("kill", False),
         ("replace", 0, 0)],
    ),
}
