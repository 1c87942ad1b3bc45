"""Check the website that was built: `python docs/site/check.py FOLDER`.

Every link within it leads to a page, and to a place on that page, that exist. No page needs anything from elsewhere, so
that all of it works from a disk.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

NEEDED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "link": "href"}
"""What a browser loads by itself, and by which attribute."""


class Page(HTMLParser):
    """The links of a page, the places on it, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what one tag has."""
        found = {name: value for name, value in attrs if value}
        self.places |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in NEEDED and NEEDED[tag] in found:
            self.loaded.append(found[NEEDED[tag]])


def faults(folder: Path) -> list[str]:
    """What is wrong with the website, a line each."""
    pages = {path.resolve(): Page(path.read_text()) for path in sorted(folder.rglob("*.html"))}
    if not pages:
        return [f"{folder} holds no pages"]
    found = []
    for path, page in pages.items():
        name = path.relative_to(folder.resolve())
        found += [f"{name} loads {address}" for address in page.loaded if is_elsewhere(address)]
        for address in page.links + page.loaded:
            if not is_elsewhere(address) and not leads_somewhere(address, path, pages):
                found.append(f"{name} links to {address}, which is nowhere")
    for style in folder.rglob("*.css"):
        outside = re.findall(r"(?:@import|url\()\s*['\"]?((?:https?:)?//[^'\")\s]+)", style.read_text())
        found += [f"{style.relative_to(folder)} loads {address}" for address in outside]
    return found


def is_elsewhere(address: str) -> bool:
    """Whether it has a host, or is no address of a page."""
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme in ("http", "https")


def leads_somewhere(address: str, path: Path, pages: dict[Path, Page]) -> bool:
    """Whether a link on the page at `path` leads to a file, and to a place in it."""
    parts = urlsplit(address)
    if parts.scheme:  # mail, data
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target not in pages:
        return target.is_file()
    return not parts.fragment or unquote(parts.fragment) in pages[target].places


if __name__ == "__main__":
    wrong = faults(Path(sys.argv[1]))
    print("\n".join(wrong) or f"{sys.argv[1]}: every link leads somewhere, and nothing comes from elsewhere")
    sys.exit(bool(wrong))
