#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes golden.tsv beside it: texts and the times that Python's datetime and zoneinfo say they
are, for tests/unit/test_timestamp.c.

  format TAB zone TAB now in ms TAB text TAB ms since 1970

Nothing here is shared with parsers/timestamp.c: the year or day that a text leaves out is found by
trying all of them, the hour that comes twice by asking for both folds. The zones and years are such
that a newer time zone database does not change them."""

import datetime
import pathlib
import random
import zoneinfo

random.seed(20261121)
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1)
LONG_AGO, LATER = 1, 4_000_000_000_000
SECOND = datetime.timedelta(seconds=1)
ZONES = ["UTC", "+02:00", "-03:30", "Europe/Paris", "America/New_York", "Australia/Lord_Howe",
         "Asia/Kolkata", "America/St_Johns", "Africa/Monrovia", "Pacific/Apia", "Europe/Dublin",
         "America/Sao_Paulo"]
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
rows = []


def zone_of(name):
    if name[0] in "+-":
        sign = -1 if name[0] == "-" else 1
        return datetime.timezone(sign * datetime.timedelta(hours=int(name[1:3]),
                                                           minutes=int(name[4:6])))
    return zoneinfo.ZoneInfo(name)


def seconds(local, zone, now_ms):
    """Local time without fraction -> seconds since 1970."""
    offsets = [local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)]
    first, second = [(local - offset - EPOCH) // SECOND for offset in offsets]
    if second > first and second <= now_ms // 1000 + 60:
        return second
    return first


def add(form, zone, now_ms, text, ms):
    if ms > 0:
        rows.append(f"{form}\t{zone}\t{now_ms}\t{text}\t{ms}")


def some_time():
    return datetime.datetime(random.randint(1970, 2023), random.randint(1, 12),
                             random.randint(1, 28), random.randint(0, 23),
                             random.randint(0, 59), random.randint(0, 59))


def near_changes(name, count):
    """Local times around changes of the offset."""
    zone, hour, found = zone_of(name), datetime.timedelta(hours=1), []
    at = datetime.datetime(1971, 1, 1, tzinfo=UTC)
    while at.year < 2023:
        if at.astimezone(zone).utcoffset() != (at + 6 * hour).astimezone(zone).utcoffset():
            found.append(at)
        at += 6 * hour
    for change in random.sample(found, min(count, len(found))):
        local = change.astimezone(zone).replace(tzinfo=None)
        for minutes in random.sample(range(-240, 600, 5), 6):
            yield local.replace(minute=0, second=0) + datetime.timedelta(minutes=minutes)


def fraction():
    digits = "".join(random.choices("0123456789", k=random.choice([1, 2, 3, 3, 6, 6, 9, 12])))
    return digits, int((digits + "000")[:3])


def offset_text():
    hours, minutes = random.randint(0, 14), random.choice([0, 0, 0, 30, 45])
    sign = random.choice("+-")
    shift = (hours * 3600 + minutes * 60) * (1 if sign == "+" else -1)
    shapes = [f"{sign}{hours:02}:{minutes:02}", f"{sign}{hours:02}{minutes:02}"]
    if minutes == 0:
        shapes.append(f"{sign}{hours:02}")
    return random.choice(shapes), shift


def iso(zone, local, now_ms):
    date, clock = random.choice([("%Y-%m-%d", "%H:%M:%S"), ("%Y%m%d", "%H%M%S")])
    text = local.strftime(date) + random.choice("T t") + local.strftime(clock)
    ms, shift = 0, None
    if random.random() < 0.6:
        digits, ms = fraction()
        text += random.choice(".,") + digits
    kind = random.random()
    if kind < 0.2:
        text, shift = text + random.choice(["Z", "z", " UTC", "UTC", " GMT"]), 0
    elif kind < 0.5:
        tail, shift = offset_text()
        text += random.choice(["", "", " "]) + tail
    if shift is None:
        at = seconds(local, zone_of(zone), now_ms)
    else:
        at = (local - EPOCH) // SECOND - shift
    add("iso8601", zone, now_ms, text, at * 1000 + ms)


def no_padding(number):
    return f"{number:2}" if random.random() < 0.5 else str(number)


def directives(zone, local, now_ms):
    """Formats of real logs."""
    digits, ms = fraction()
    tail, shift = offset_text()
    name, day = MONTHS[local.month - 1], DAYS[local.weekday()]
    here = seconds(local, zone_of(zone), now_ms) * 1000
    there = ((local - EPOCH) // SECOND - shift) * 1000
    utc = (local - EPOCH) // SECOND * 1000
    clock = local.strftime("%H:%M:%S")
    twelve = f"{(local.hour + 11) % 12 + 1}:{local:%M:%S} {'AP'[local.hour // 12]}M"
    case = random.choice([str, str.upper, str.lower])
    shapes = [
        ("%d/%b/%Y:%H:%M:%S %z", f"{local.day:02}/{name[:3]}/{local.year}:{clock} {tail}", there),
        ("%Y/%m/%d %T", f"{local:%Y/%m/%d} {clock}", here),
        ("%Y-%m-%d %H:%M:%S,%L", f"{local:%Y-%m-%d} {clock},{digits}", here + ms),
        ("%FT%T.%f%z", f"{local:%Y-%m-%d}T{clock}.{digits}{tail}", there + ms),
        ("%a %b %e %T %Y", f"{case(day[:3])} {case(name[:3])} {local.day:2} {clock} {local.year}",
         here),
        ("%A, %d %B %Y %T %Z", f"{day}, {no_padding(local.day)} {case(name)} {local.year} {clock}"
         f" {random.choice(['UTC', 'GMT', 'Z', 'UT'])}", utc),
        ("%m/%d/%Y %I:%M:%S %p", f"{local.month}/{local.day}/{local.year} {twelve}", here),
        ("%D %R", f"{local:%m/%d/%y} {local:%H:%M}", here - local.second * 1000),
        ("%y%m%d %k".replace("%k", "%H") + ":%M:%S",
         f"{local:%y%m%d} {no_padding(local.hour)}:{local:%M:%S}", here),
        ("%Y%m%d%H%M%S", f"{local:%Y%m%d%H%M%S}", here),
        ("%Y.%j-%T", f"{local.year}.{int(local.strftime('%j')):03}-{clock}", here),
        ("[%d.%m.%Y %H:%M]%%", f"[{no_padding(local.day)}.{local:%m.%Y %H:%M}]%",
         here - local.second * 1000),
        ("%s.%f", f"{there // 1000}.{digits}", there + ms),
        ("%Y-%m-%d", f"{local:%Y-%m-%d}",
         seconds(local.replace(hour=0, minute=0, second=0), zone_of(zone), now_ms) * 1000),
    ]
    form, text, at = random.choice(shapes)
    if "%y" in form or "%D" in form:
        if local.year < 1970:
            return
    if form == "%s.%f" and there < 0:
        return
    add(form, zone, now_ms, text, at)


def no_year(zone, read):
    """The latest year in which it is not more than a day after now."""
    now_ms = (read - EPOCH) // SECOND * 1000 + random.randint(0, 999)
    month, day = random.choice([(2, 29), (12, 31), (1, 1), (read.month, read.day),
                                (random.randint(1, 12), random.randint(1, 28))])
    clock = some_time().time()
    best = None
    for year in range(1960, 2101):
        try:
            local = datetime.datetime.combine(datetime.date(year, month, day), clock)
        except ValueError:
            continue
        at = seconds(local, zone_of(zone), now_ms)
        if at <= now_ms // 1000 + 86400:
            best = at
    text = f"{MONTHS[month - 1][:3]} {day:2} {clock:%H:%M:%S}"
    add("%b %e %T", zone, now_ms, text, best * 1000)


def no_day(zone, read):
    """The latest day on which it is not more than an hour after now."""
    now_ms = (read - EPOCH) // SECOND * 1000 + random.randint(0, 999)
    clock = some_time().time()
    best = None
    for days in range(-3, 4):
        local = datetime.datetime.combine(read.date() + datetime.timedelta(days=days), clock)
        at = seconds(local, zone_of(zone), now_ms)
        if at <= now_ms // 1000 + 3600:
            best = at
    digits, ms = fraction()
    add("%T.%f", zone, now_ms, f"{clock:%H:%M:%S}.{digits}", best * 1000 + ms)


def epochs():
    at = random.randint(1, 253402300799999)
    digits, ms = fraction()
    add("epoch_ms", "UTC", LATER, f"{at}", at)
    add("epoch_us", "UTC", LATER, f"{at}{random.randint(0, 999):03}", at)
    add("epoch_s", "UTC", LATER, f"{at // 1000}{random.choice('.,')}{digits}",
        at // 1000 * 1000 + ms)


for zone_name in ZONES:
    for _ in range(60):
        iso(zone_name, some_time(), random.choice([LONG_AGO, LATER]))
        directives(zone_name, some_time(), random.choice([LONG_AGO, LATER]))
    for _ in range(25):
        no_year(zone_name, some_time())
        no_day(zone_name, some_time())
    if zone_name[0] not in "U+-":
        for moment in near_changes(zone_name, 8):
            at_change = (moment - EPOCH) // SECOND * 1000
            iso(zone_name, moment, random.choice([LONG_AGO, LATER, at_change]))
for _ in range(40):
    epochs()
for year_number in (1970, 1972, 1999, 2000, 2001, 2004, 2100, 2104, 2400, 9999):
    for month_number in range(1, 13):
        last = datetime.datetime(year_number + month_number // 12, month_number % 12 + 1, 1) \
            if (year_number, month_number) != (9999, 12) else datetime.datetime.max
        last = last.replace(microsecond=0) - (datetime.timedelta(days=1) if last.day == 1
                                              else datetime.timedelta(0))
        add("iso8601", "UTC", LATER, f"{last:%Y-%m-%dT%H:%M:%SZ}".rjust(20, "0"),
            (last - EPOCH) // SECOND * 1000)

path = pathlib.Path(__file__).with_name("golden.tsv")
path.write_text("\n".join(rows) + "\n")
