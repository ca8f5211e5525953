"""Files made of others, so that a first visit asks for few: a style sheet, and ``main.js`` with small modules."""

from __future__ import annotations

import re
from collections.abc import Mapping

SHEET = "site.css"
SHEET_PARTS = ("vendor/bootstrap/bootstrap.min.css", "app.css", "accounts.css")
MAIN = "js/main.js"
#: Modules of public pages. They import nothing at their start; what they export is for tests.
PACKED = ("focus", "confirm", "once", "next", "sign_out", "characters", "password")
_EMPTY = b"const PACKED = {};"
_EXPORT = re.compile(rb"^export ", re.MULTILINE)
_COMMENT = re.compile(rb"/\*[^!].*?\*/\n?", re.DOTALL)  # not the ones with a licence
_INDENT = re.compile(rb"(?<=[{};,])\n\s*")  # no text of a style sheet has a line end
_ABOUT = re.compile(rb"\A/\*\*.*?\*/\n", re.DOTALL)


def combined(contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """``contents`` with the made ones in the place of their parts. Without the parts, as in tests, as it is."""
    made = dict(contents)
    if all(name in contents for name in SHEET_PARTS):
        made[SHEET] = b"\n".join(_INDENT.sub(b"", _COMMENT.sub(b"", made.pop(name))) for name in SHEET_PARTS)
    modules = {name: contents.get(f"js/{name}.js") for name in PACKED}
    if MAIN in contents and None not in modules.values():
        packed = b"".join(_function(name, source or b"") for name, source in modules.items())
        made[MAIN] = _ABOUT.sub(b"", contents[MAIN]).replace(_EMPTY, b"const PACKED = {\n%s};" % packed)
    return made


def _function(name: str, source: bytes) -> bytes:
    """A module as a function that is called at most once."""
    return b'"./%s.js": async () => {\n%s},\n' % (name.encode(), _EXPORT.sub(b"", _ABOUT.sub(b"", source)))
