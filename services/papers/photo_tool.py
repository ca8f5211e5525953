"""照片处理: the photo made for anybody, and the tool for it as one file that works without a network.

The file is put together out of the very modules and styles that the pages use; nothing of it is stored.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup

from lib.pictures.one_inch import PhotoRule
from lib.sandbox import client as sandbox

ENTRY = "photo-tool.js"
LIBRARY = "vendor/cropperjs/cropper.min.js"
STYLES = ("vendor/cropperjs/cropper.min.css", "studio.css", "photo-tool.css")

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function|const|class)", re.MULTILINE)


@dataclass(frozen=True)
class Parts:
    """The head and the end of the file, and the policy that lets nothing else run or be fetched."""

    policy: str
    styles: Markup
    scripts: Markup


@cache
def parts(static: Path) -> Parts:
    """Of the files in ``static``. They do not change while a process runs: it makes the parts once."""
    scripts = [(static / LIBRARY).read_text("utf-8"), bundle(static / "js", ENTRY)]
    styles = [(static / name).read_text("utf-8") for name in STYLES]
    policy = (
        f"default-src 'none'; script-src {_marks(scripts)}; style-src {_marks(styles)}; img-src blob: data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return Parts(policy, _inlined("style", styles), _inlined("script", scripts))


def bundle(folder: Path, entry: str) -> str:
    """A module and what it imports as one classic script: modules are not loaded from ``file://``.

    Each comes after those that it imports, and they share one scope: two of the same name do not run, and a test runs
    the result. Only the forms of import and export that our modules use are known.
    """
    done: dict[str, str] = {}

    def add(name: str) -> None:
        if name not in done:
            text = (folder / name).read_text("utf-8")
            for imported in _IMPORT.findall(text):
                add(imported)
            done[name] = _EXPORT.sub("", _IMPORT.sub("", text))

    add(entry)
    script = "(() => {\n" + "\n".join(done.values()) + "})();\n"
    if re.search(r"^(import|export)\b|import\.meta", script, re.MULTILINE):
        raise ValueError(f"{entry} or what it imports has an import or export that cannot be inlined")
    return script


def _marks(contents: list[str]) -> str:
    digests = (hashlib.sha256(content.encode()).digest() for content in contents)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def _inlined(tag: str, contents: list[str]) -> Markup:
    if any(f"</{tag}" in content.lower() or "<!--" in content for content in contents):
        raise ValueError(f"something that would end its <{tag}> early")
    return Markup("\n").join(Markup(f"<{tag}>{content}</{tag}>") for content in contents)  # noqa: S704 - our own files


def make(data: bytes, place: str, rule: PhotoRule) -> bytes:
    """The photo cropped from a picture at its ``top``, ``middle`` or ``bottom``. Raises images.PictureRefused."""
    _facts, (jpeg, *_rest) = sandbox.run("photo", data, crop=place, rule=asdict(rule))
    return jpeg
