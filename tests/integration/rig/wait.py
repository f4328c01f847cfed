# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition with a deadline: the only way a test passes time.

An outage that lasts N seconds by definition is the exception, and says so by its name: last().
"""

import time

PATIENCE = 3  # of a machine that has other things to do; it costs nothing until something is broken


def wait_for(condition, deadline, what, every=0.02):
    """The first true result of condition(); AssertionError with `what` after PATIENCE times `deadline`
    seconds."""
    end = time.monotonic() + deadline * PATIENCE
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline * PATIENCE} s: {what() if callable(what) else what}")
        time.sleep(every)


def last(seconds):
    """A fault that lasts so long: its length is part of the scenario."""
    time.sleep(seconds)
