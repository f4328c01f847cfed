# SPDX-License-Identifier: Apache-2.0
"""Configurations, written in one place. Python values become libconfig text:

  str "..."   bool, int as they are   list of groups ( {..}, {..} )   other lists [ .. ]   dict { .. }
"""

from .lines import PATTERN


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def render(value, indent=0):
    pad = "  " * (indent + 1)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{\n" + render_settings(value, indent + 1) + "  " * indent + "}"
    if isinstance(value, (list, tuple)):
        items = [render(item, indent + 1) for item in value]
        if value and isinstance(value[0], dict):
            return "(\n" + ",\n".join(pad + item for item in items) + " )"
        return "[ " + ", ".join(items) + " ]"
    return quote(str(value))


def render_settings(settings, indent=0):
    pad = "  " * indent
    return "".join(f"{pad}{name} = {render(value, indent)};\n" for name, value in settings.items())


HEADERS = [
    {"name": "position", "value": "${file.position}"},
    {"name": "correlation-id", "value": "${cid}"},
    {"name": "level", "value": "${level}"},
]


def source(topic, paths, name="lines", **more):
    """A source for the lines of rig/lines.py."""
    return {
        "name": name,
        "paths": [str(path) for path in paths],
        "parser": "order",
        "topic": topic,
        "key": "${order_id}",
        "headers": HEADERS,
        **more,
    }


def settings(bootstrap, sources, kafka=None, pattern=PATTERN, **more):
    """A whole configuration as Python values; `more` are top-level settings."""
    return {
        **more,
        "kafka": {"bootstrap_servers": bootstrap, **(kafka or {})},
        "parsers": [{"name": "order", "type": "regex", "pattern": pattern}],
        "sources": sources,
    }
