# SPDX-License-Identifier: Apache-2.0
"""Drops what a crash of waybill repeats, by the headers of `provenance = true`; the rule and why it
is right are in waybill.conf(5), PROVENANCE.

    repeats = Repeats()
    for message in consumer:
        if not repeats.is_repeat(message):
            process(message)

Feed it every record of the partitions that are read, each partition in its order. What it knows is
in `files`, plain data: store it with the offsets and the results, in one transaction, and load it
when the consumer starts again.
"""


class Repeats:
    def __init__(self):
        self.files = {}  # (topic, partition, agent, file): [floor, positions seen from it on]

    def is_repeat(self, message):
        headers = dict(message.headers() or [])
        if "waybill-position" not in headers:
            return False
        position = int(headers["waybill-position"])
        committed = int(headers["waybill-committed"])
        place = (
            message.topic(),
            message.partition(),
            headers["waybill-agent"],
            headers["waybill-file"],
        )
        known = self.files.setdefault(place, [0, set()])
        if committed > known[0]:
            known[0] = committed
            known[1] = {seen for seen in known[1] if seen >= committed}
        if position < known[0] or position in known[1]:
            return True
        known[1].add(position)
        return False
