"""Manners of a page: the rules for every HTML response. The test client checks each one."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib

#: What the parser repairs without harm, and templates cannot always avoid.
HARMLESS = frozenset({"expected-doctype-but-got-chars"})
#: Inputs whose name is not read out from a label.
UNLABELLED = frozenset({"hidden", "submit", "button", "reset", "image"})
LABELLED = ("input", "select", "textarea")
#: These hold text and its marks, and no block. Links, <ins> and <del> hold what the element around them may hold.
PHRASING = frozenset("abbr b button cite code dfn em h1 h2 h3 h4 h5 h6 i kbd label legend p small span strong".split())
TRANSPARENT = frozenset({"a", "ins", "del"})
BLOCKS = tuple(
    "address article aside blockquote details dialog div dl fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr"
    " main nav ol p pre section table ul".split()
)
WITH_ADDRESS = {"a": "href", "link": "href", "img": "src", "script": "src", "form": "action", "iframe": "src"}
RAW_TEMPLATE = re.compile(r"\{\{|\{%|%\}|\}\}")
RAW_VALUE = re.compile(r"^(None|Undefined|<[\w.]+ object at 0x)")

TOKEN = re.compile(r"(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w.-]{16,}")
NUMBER = re.compile(r"(?<!<h)(?<!</h)\d+")
ESCAPED = re.compile(r"&(?:amp|lt|gt|quot|nbsp|#34|#39);")
#: What is only looked at for being there: words without marks of their own, values of attributes, addresses, options.
WORDS = re.compile(r">[\s-]*(?!None|Undefined)[^\s\x00-\x1f\x7f-\x9f<>&{}%-][^\x00-\x08\x0e-\x1f\x7f-\x9f<>&{}%]*<")
VALUES = re.compile(r' (value|placeholder|content|title|alt|name|d|aria-label|data-[\w-]+)="[^"&<>]*[^\s"&<>][^"&<>]*"')
ADDRESSES = re.compile(r' (href|src|action)="/[^"&<>]*"')
OPTIONS = re.compile(r'(<option value="x">x</option>\s*)+')
BLANKS = re.compile(r"\s+")
#: What only the eye sees.
LOOKS = re.compile(r' class="[^"]*"|(?<=<svg)[^>]*(?=>)|(?<=>)\s*(?:<(?:path|circle|rect|line)\b[^>]*/>\s*)+(?=</svg>)')
#: What this process has looked at, and the folder in which the processes of one run tell each other.
LOOKED_AT: set[str] = set()
TOLD: list[Path] = []


class BadManners(AssertionError):
    """What is wrong with a page, one line each."""


def check_page(html: str, url: str = "") -> None:
    """Raises BadManners with everything that is wrong with one complete HTML document."""
    problems = list(problems_of(html))
    if problems:
        raise BadManners("\n".join([f"{url or 'the page'}:", *(f"  {problem}" for problem in problems)]))


@lru_cache(maxsize=4)
def alike(html: str) -> str:
    """A page without its words and tokens, and with its numbers told by their order.

    Serials, hours and ids differ each time and say nothing; whether two of them are the same does.
    """
    html = ADDRESSES.sub(r' \1="/"', VALUES.sub(r' \1="x"', WORDS.sub(">x<", ESCAPED.sub("x", html))))
    html = BLANKS.sub(" ", OPTIONS.sub('<option value="x">x</option>', html))
    names: dict[str, str] = {}
    return NUMBER.sub(lambda found: names.setdefault(found[0], str(len(names))), TOKEN.sub("", html))


def once(what: str, page: str, check: Callable[[], None]) -> None:
    """Each run checks a page once: tests pass the same pages again and again. Only a page that is right is told of."""
    name = _name(what, page)
    if name not in LOOKED_AT and not any((folder / name).exists() for folder in TOLD):
        check()
        tell(what, page)
    LOOKED_AT.add(name)


def tell(what: str, page: str) -> None:
    """This page was checked and is right: nobody has to do it again."""
    LOOKED_AT.add(name := _name(what, page))
    for folder in TOLD:
        (folder / name).touch()


def _name(what: str, page: str) -> str:
    return hashlib.sha256(f"{what}\n{page}".encode()).hexdigest()


def look_at(html: str, url: str) -> None:
    """check_page for pages that tests pass: what is alike is looked at once, and whole only if something is wrong."""
    seen = LOOKS.sub("", alike(html))
    once("manners", seen, lambda: check_page(html, url) if any(problems_of(seen)) else None)


def problems_of(html: str) -> Iterator[str]:
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    root = parser.parse(html)
    for (line, _column), code, details in parser.errors:
        if code not in HARMLESS:
            yield f"invalid HTML, line {line}: {code} {details or ''}".rstrip()
    page = Tree(root)
    for check in (_frame, _ids, _references, _nesting, _labels, _forms, _inline, _names, _leaks):
        yield from check(page)


class Tree:
    """The parsed page, with what ElementTree lacks: parents, and the text a person gets."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.all = [element for element in root.iter() if isinstance(element.tag, str)]
        self.parents = {child: parent for parent in self.all for child in parent}
        self.ids = Counter(element.get("id") for element in self.all if element.get("id") is not None)

    def find(self, *tags: str) -> list[Element]:
        return [element for element in self.all if element.tag in tags]

    def ancestors(self, element: Element) -> Iterator[Element]:
        while (parent := self.parents.get(element)) is not None:
            yield parent
            element = parent

    def name(self, element: Element) -> str:
        """The accessible name, near enough: aria-label, what aria-labelledby names, else the text with alternatives."""
        if label := (element.get("aria-label") or "").strip():
            return label
        if ids := (element.get("aria-labelledby") or "").split():
            return "".join(self.text(other) for other in self.all if other.get("id") in ids).strip()
        return self.text(element).strip() or (element.get("title") or "").strip()

    def text(self, element: Element) -> str:
        comment = not isinstance(element.tag, str)
        if comment or element.get("aria-hidden") == "true" or element.tag in (*LABELLED, "script", "style"):
            return ""
        inner = "".join(self.text(child) + (child.tail or "") for child in element)
        return (element.get("alt") or "") + (element.text or "") + inner


def show(element: Element) -> str:
    attributes = "".join(f' {name}="{value}"' for name, value in list(element.attrib.items())[:4])
    return f"<{element.tag}{attributes}>"


def _frame(page: Tree) -> Iterator[str]:
    headings = page.find("h1")
    if len(headings) != 1:
        yield f"{len(headings)} h1, must be one"
    yield from (f"empty h{level}" for level in "123456" for h in page.find(f"h{level}") if not page.name(h))
    if not any((title.text or "").strip(" -") for title in page.find("title")):
        yield "no title"
    if not page.root.get("lang"):
        yield "<html> has no lang"
    if len(page.find("main")) != 1:
        yield f"{len(page.find('main'))} main, must be one"


def _ids(page: Tree) -> Iterator[str]:
    yield from (f"id {name!r} {count} times" for name, count in page.ids.items() if count > 1)
    yield from (f"id {name!r} is empty or has a space" for name in page.ids if not name or re.search(r"\s", name))


def _references(page: Tree) -> Iterator[str]:
    for element in page.all:
        for attribute in ("for", "aria-labelledby", "aria-describedby", "aria-controls", "list"):
            for name in (element.get(attribute) or "").split():
                if name not in page.ids:
                    yield f"{attribute}={name!r} names nothing: {show(element)}"
        href = element.get("href") or ""
        if element.tag == "a" and href.startswith("#") and href[1:] not in page.ids:
            yield f"link to {href!r}, which is not on the page"


def _nesting(page: Tree) -> Iterator[str]:
    for element in page.find(*BLOCKS):
        parent = next((one for one in page.ancestors(element) if one.tag not in TRANSPARENT), element)
        titled = parent.tag == "legend" and str(element.tag)[0] == "h"
        if parent.tag in PHRASING and not titled:
            yield f"{show(element)} inside {show(parent)}, which holds no block"


def _labels(page: Tree) -> Iterator[str]:
    named = {label.get("for") for label in page.find("label") if label.get("for") and page.name(label)}
    for field in page.find(*LABELLED):
        if field.tag == "input" and (field.get("type") or "text") in UNLABELLED:
            continue
        wrapped = any(parent.tag == "label" and page.text(parent).strip() for parent in page.ancestors(field))
        by_aria = (field.get("aria-label") or "").strip() or (field.get("aria-labelledby") and page.name(field))
        if not (wrapped or by_aria or field.get("id") in named):
            yield f"no label: {show(field)}"
    for fieldset in page.find("fieldset"):
        legend = next(iter(fieldset), None)
        if not (fieldset.get("aria-label") or fieldset.get("aria-labelledby")) and (
            legend is None or legend.tag != "legend" or not page.name(legend)
        ):
            yield f"a fieldset without a legend: {show(fieldset)}"


def _forms(page: Tree) -> Iterator[str]:
    for form in page.find("form"):
        method = (form.get("method") or "").lower()
        inside = list(form.iter())
        if method not in ("get", "post"):
            yield f"a form without a method: {show(form)}"
        if any(field.get("type") == "file" for field in inside) and form.get("enctype") != "multipart/form-data":
            yield f"a file in a form that would send its name only: {show(form)}"
        if method == "get" and any(field.get("type") == "password" for field in inside):
            yield f"a password in a form that shows it in the address: {show(form)}"
        if any(parent.tag == "form" for parent in page.ancestors(form)):
            yield f"a form inside a form: {show(form)}"


def _inline(page: Tree) -> Iterator[str]:
    """The content security policy would block it in the browser."""
    for element in page.all:
        yield from (f"inline {name}: {show(element)}" for name in element.attrib if re.match(r"on[a-z]+$|style$", name))
        if element.tag == "style" or (element.tag == "script" and not element.get("src")):
            yield f"inline {element.tag}"
        if (element.get(WITH_ADDRESS.get(str(element.tag), "")) or "").strip().lower().startswith("javascript:"):
            yield f"javascript: address: {show(element)}"


def _names(page: Tree) -> Iterator[str]:
    for element in page.find("a", "button", "summary"):
        if element.get("aria-hidden") != "true" and not page.name(element):
            yield f"nothing to read on {show(element)}"
    yield from (f"a picture without alt: {show(image)}" for image in page.find("img") if image.get("alt") is None)
    yield from (f"an empty address: {show(link)}" for link in page.find("a") if link.get("href") in ("", "#"))


def _leaks(page: Tree) -> Iterator[str]:
    """What a template shows by mistake: unrendered markup, Python's words for nothing."""
    for element in page.all:
        texts: list[Any] = [element.text, *(child.tail for child in element)]
        for text in filter(None, (str(text or "").strip() for text in texts)):
            if element.tag not in ("textarea", "pre", "code") and (RAW_TEMPLATE.search(text) or RAW_VALUE.match(text)):
                yield f"raw text {text[:40]!r} in {show(element)}"
