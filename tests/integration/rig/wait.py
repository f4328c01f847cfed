# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition with a deadline: the only way a test passes time.

An outage that lasts N seconds by definition is the exception, and says so by its name: last().
"""

import time


def wait_for(condition, deadline, what, every=0.02):
    """The first true result of condition(); AssertionError with `what` after `deadline` seconds."""
    end = time.monotonic() + deadline
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline} s: {what() if callable(what) else what}")
        time.sleep(every)


def last(seconds):
    """A fault that lasts so long: its length is part of the scenario."""
    time.sleep(seconds)
