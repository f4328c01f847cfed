#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the documents a site: docs/site/build.py DIRECTORY, from the top of the tree.

No page is written for it: README.md, docs/ and the manuals are the pages. MkDocs makes them a site, in
its strict mode, and then every link and every piece of a page that a link names is looked for.
--self-test plants dead links and has to find them.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

TOP = Path(__file__).resolve().parents[2]
PAGES = {
    "README.md": "index.md",
    "agent/README.md": "inside.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changes.md",
    **{f"docs/{path.name}": path.name for path in (TOP / "docs").glob("*.md")},
}
PICTURES = "docs/pictures"
LINK = re.compile(r"\[([^\]\n]*)\]\(([^)\s]+)\)")


def page_of(source, text):
    """The text of a document with links to the pages of the site; what is no page is no link."""

    def link(match):
        words, target = match.groups()
        path, _, anchor = target.partition("#")
        if "://" in target or not path:
            return match[0]
        named = (source.parent / path).resolve().relative_to(TOP).as_posix()
        if (TOP / named).parent == TOP / PICTURES:
            return f"[{words}]({Path(named).relative_to('docs')})"
        if named in PAGES:
            return f"[{words}]({PAGES[named]}{'#' + anchor if anchor else ''})"
        return words

    return LINK.sub(link, text)


def manual_page(path):
    """A manual as a page of HTML."""
    roff = subprocess.run(["scdoc"], stdin=path.open(), capture_output=True, check=True).stdout
    how = ["mandoc", "-T", "html", "-O", "fragment,man=%N.%S.html"]
    html = subprocess.run(how, input=roff, capture_output=True, check=True).stdout.decode()
    # Others' manuals are not here.
    ours = {f"{p.stem}.html" for p in path.parent.glob("*.scd")}
    html = re.sub(
        r'<a class="Xr" href="([^"]*)">(.*?)</a>', lambda m: m[0] if m[1] in ours else m[2], html
    )
    name, section = path.stem.rsplit(".", 1)
    return f"# {name}({section})\n\n<div>\n{html}\n</div>\n"


def write_pages(directory):
    for source, page in PAGES.items():
        text = (TOP / source).read_text()
        (directory / page).write_text(page_of(TOP / source, text))
    shutil.copytree(TOP / PICTURES, directory / Path(PICTURES).name)
    for path in (TOP / "packaging" / "man").glob("*.scd"):
        (directory / f"{path.stem}.md").write_text(manual_page(path))


class Links(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.ids, self.targets = set(), []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("id", "name"):
                self.ids.add(value)
            elif name in ("href", "src") and value:
                self.targets.append(value)


def dead_links(site):
    """(page, target) of all that leads nowhere within the site."""
    # The page for what is not found is for a site at the top of a host.
    pages = {path: Links(path) for path in site.rglob("*.html") if path.name != "404.html"}
    for path, links in pages.items():
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            there = there / "index.html" if there.is_dir() else there
            if not there.is_file():
                yield path.name, target
            elif parts.fragment and there in pages and unquote(parts.fragment) not in pages[there].ids:
                yield path.name, target


def build(site, plant=None):
    """Messages about what is wrong, none when all is well."""
    with tempfile.TemporaryDirectory() as work:
        pages = Path(work) / "docs"
        pages.mkdir()
        write_pages(pages)
        if plant:
            plant(pages)
        shutil.copy(TOP / "docs" / "site" / "mkdocs.yml", work)
        where = ["-f", f"{work}/mkdocs.yml", "-d", str(site)]
        made = subprocess.run(["mkdocs", "build", *where], capture_output=True, text=True)
    if made.returncode:
        return [line for line in made.stderr.splitlines() if not line.startswith("INFO")]
    return [f"{page}: {target} leads nowhere" for page, target in dead_links(site)]


def append(page, text):
    def plant(pages):
        with (pages / page).open("a") as file:
            file.write(text)

    return plant


def self_test():
    plants = {
        "no-such-page": append("faults.md", "\n[a](no-such-page.md)\n"),
        "#no-such-piece": append("faults.md", "\n[a](alerts.md#no-such-piece)\n"),
        "no-such-picture": append("faults.md", "\n![a](pictures/no-such-picture.svg)\n"),
        "unlisted": lambda pages: (pages / "unlisted.md").write_text("# a\n\n[b](no-such-page.md)\n"),
    }
    with tempfile.TemporaryDirectory() as work:
        for what, plant in plants.items():
            said = build(Path(work) / "site", plant)
            if not any(what in message for message in said):
                yield f"self-test: not found: {what}: {said}"


def main():
    wrong = build(Path(sys.argv[1]).resolve()) + list(self_test())
    for message in wrong:
        print(f"site: {message}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
