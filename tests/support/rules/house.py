"""The rules of the house (docs/architecture.md) as functions: each takes a source and returns what is wrong with it.

They read syntax, not behaviour: an import, an assignment, a call, a length, a word.
tests/unit/house/test_architecture.py runs them over the project, and over small snippets that break them.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeGuard

ROOT = Path(__file__).resolve().parents[3]

#: Each layer imports only itself and what stands to its right. `config` is for app and tests.
LAYERS = ("app", "blueprints commands", "demo", "services", "forms", "models", "lib")
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names.split()}
OURS = {*RANK, "config", "tests"}
AREAS = frozenset({"public", "auth", "wizard", "archive", "review", "admin", "api"})
PRODUCT = (*RANK, "config")

REQUEST = frozenset({"request", "session", "g", "current_user", "current_app"})
LONGEST_BODY = 39  # lines, without signature and docstring
LONGEST_FILE = 399
#: The design card wants these two as files.
LONGER_FILES = {"models.py": 1800, "forms.py": 700}


@dataclass(frozen=True)
class Source:
    """A file of the project: its path from the root, with slashes, and its text."""

    path: str
    text: str

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")

    @property
    def layer(self) -> str:
        return self.module.split(".")[0]

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Everything in the tree; each rule goes through it."""
        return list(ast.walk(self.tree))


def project_files() -> list[Source]:
    """Every text file that is tracked, or new and not ignored; without what others wrote (static/vendor, fonts)."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    sources = []
    for path in sorted(set(filter(None, listed))):
        if (ROOT / path).is_file() and not path.startswith(("static/vendor/", "fonts/OFL", "uploads/")):
            try:
                sources.append(Source(path, (ROOT / path).read_text("utf-8")))
            except UnicodeDecodeError:
                continue  # pictures, fonts
    return sources


def is_product(source: Source) -> bool:
    return source.path.endswith(".py") and source.layer in PRODUCT


# Arrows


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, anywhere in the file; ``from services import answers`` names both."""
    package = source.module if source.path.endswith("__init__.py") else source.module.rpartition(".")[0]
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join(filter(None, [*parents, node.module]))
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def wrong_arrows(source: Source) -> Iterator[str]:
    for line, name in imports(source):
        target = name.split(".")[0]
        if target in OURS and not _may_import(source, name):
            yield f"{source.path}:{line} imports {name}"


def _may_import(source: Source, name: str) -> bool:
    layer, target = source.layer, name.split(".")[0]
    if target == "config":
        return layer == "app"
    if layer == "config":  # how a setting is written is known where it is used
        return target == "lib"
    if target == "tests" or layer not in RANK:
        return False
    if target == layer:
        return layer != "blueprints" or _area(name) in (None, _area(source.module))
    return RANK[target] > RANK[layer]


def _area(module: str) -> str | None:
    """The audience that a module of blueprints/ belongs to; None for what all of them share."""
    names = module.split(".")
    return names[1] if len(names) > 1 and names[1] in AREAS else None


def circles(sources: Iterable[Source]) -> list[str]:
    """Modules of one layer that import each other in a circle.

    Imports for type checking count; imports inside functions do not.
    """
    modules = {source.module: source for source in sources}
    edges = {name: sorted(_top_level_targets(source, modules)) for name, source in modules.items()}
    found: list[str] = []
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            found.append(" -> ".join((*trail[trail.index(name) :], name)))
        elif name not in done:
            for target in edges[name]:
                walk(target, (*trail, name))
            done.add(name)

    for name in sorted(edges):
        walk(name, ())
    return found


def _top_level_targets(source: Source, modules: dict[str, Source]) -> set[str]:
    top = Source(source.path, "\n".join(ast.unparse(node) for node in _import_statements(source.tree.body)))
    names = {name for _line, name in imports(top)}
    targets = {name if name in modules else name.rpartition(".")[0] for name in names}
    return {target for target in targets if target in modules and target != source.module}


def _import_statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If | ast.Try):  # if TYPE_CHECKING
            yield from _import_statements((*node.body, *node.orelse))


# Rooms and names


LIB_ROOMS = frozenset({"pdf", "pictures", "questions", "sandbox"})


def room_of(module: str) -> str:
    """The room of a module: ``services.papers``, ``lib.pdf``, ``blueprints``; else its layer."""
    parts = module.split(".")
    is_room = len(parts) > 1 and (parts[0] == "services" or (parts[0] == "lib" and parts[1] in LIB_ROOMS))
    return ".".join(parts[:2]) if is_room else parts[0]


def rooms(sources: Iterable[Source]) -> dict[str, frozenset[str]]:
    """Which room uses which others."""
    modules = {source.module: source for source in sources if source.module not in ("services", "lib")}
    found: dict[str, set[str]] = {room_of(name): set() for name in modules}
    for name, source in modules.items():
        for _line, imported in imports(source):
            target = imported if imported in modules else imported.rpartition(".")[0]
            if target in modules:
                found[room_of(name)].add(room_of(target))
    return {room: frozenset(used - {room}) for room, used in found.items()}


ROOMS = ("services", "lib", "blueprints")
MOST_ENTRIES = 26  # of a folder, its __init__.py left out


def crowded_folders(sources: Iterable[Source]) -> Iterator[str]:
    """A folder with more entries than one can survey."""
    entries: dict[str, set[str]] = {}
    for source in sources:
        parts = source.path.split("/")
        for depth in range(1, len(parts)):
            entries.setdefault("/".join(parts[:depth]), set()).add(parts[depth])
    for folder, names in sorted(entries.items()):
        count = len(names - {"__init__.py"})
        if count > MOST_ENTRIES:
            yield f"{folder} has {count} entries, at most {MOST_ENTRIES}"


def rooms_without_words(sources: Iterable[Source]) -> Iterator[str]:
    """Each package has a docstring that says what it knows and what it may use."""
    for source in sources:
        if source.path.endswith("/__init__.py") and ast.get_docstring(source.tree) is None:
            yield f"{source.path} has no docstring"


def names_used_twice(sources: Iterable[Source]) -> Iterator[str]:
    """A class name stands for one thing."""
    places: dict[str, list[str]] = {}
    for source in sources:
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(source.path)
    yield from (f"{name}: {', '.join(paths)}" for name, paths in sorted(places.items()) if len(paths) > 1)


def body_lengths(sources: Iterable[Source]) -> list[int]:
    """Lines of each function's body, without signature and docstring, in order of size."""
    return sorted(_body_length(node) for source in sources for node in source.nodes if _is_function(node))


# Who may do what


def request_in_rules(source: Source) -> Iterator[str]:
    """Services take explicit arguments: nothing of the request or the application, and they start no process.

    lib/ does not know Flask at all.
    """
    if source.layer not in ("services", "lib"):
        return
    for line, name in imports(source):
        package, _, what = name.partition(".")
        forbidden = package.startswith("flask") and (source.layer == "lib" or what in REQUEST)
        if forbidden or (package == "subprocess" and source.layer == "services"):
            yield f"{source.path}:{line} imports {name}"
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in REQUEST and ast.unparse(node.value) == "flask":
            yield f"{source.path}:{node.lineno} uses flask.{node.attr}"


def commits(source: Source) -> Iterator[str]:
    """Only views and commands end a transaction, and views only the one that began with the write lock."""
    if source.layer == "commands":
        return
    writing = [node for node in source.nodes if isinstance(node, ast.With) and _is_writing(node)]
    within = {inner for node in writing for inner in ast.walk(node)} if source.layer == "blueprints" else set()
    for node in source.nodes:
        ends = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
        if ends and node not in within:
            yield f"{source.path}:{getattr(node, 'lineno', 0)} commits"


def _is_writing(node: ast.With) -> bool:
    return any(ast.unparse(item.context_expr).startswith("writing(") for item in node.items)


def status_writers(source: Source) -> Iterator[str]:
    """A status is changed in one place only: the verbs of services/workflow."""
    if source.path == "services/workflow/transitions.py":
        return
    for node in source.nodes:
        if any(isinstance(target, ast.Attribute) and target.attr == "status" for target in _targets(node)):
            yield f"{source.path}:{node.lineno} assigns a status"  # type: ignore[attr-defined]
        if isinstance(node, ast.Call) and _writes_status(node):
            yield f"{source.path}:{node.lineno} writes a status"


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return [part for target in node.targets for part in (getattr(target, "elts", None) or [target])]
    return [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else []


def _writes_status(call: ast.Call) -> bool:
    """``setattr(x, "status", ...)`` and ``update(...).values(status=...)``."""
    if isinstance(call.func, ast.Name):
        named = call.args[1] if call.func.id == "setattr" and len(call.args) > 1 else None
        return isinstance(named, ast.Constant) and named.value == "status"
    is_values = isinstance(call.func, ast.Attribute) and call.func.attr == "values"
    return is_values and any(keyword.arg == "status" for keyword in call.keywords)


# Sizes


def long_functions(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if _is_function(node) and (length := _body_length(node)) > LONGEST_BODY:
            yield f"{source.path}:{node.lineno} {node.name}() has {length} lines, at most {LONGEST_BODY}"


def _is_function(node: ast.AST) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef]:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _body_length(node: ast.AST) -> int:
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def long_files(source: Source) -> Iterator[str]:
    length, limit = source.text.count("\n"), LONGER_FILES.get(source.path, LONGEST_FILE)
    if length > limit:
        yield f"{source.path} has {length} lines, at most {limit}"


# Words

IN_TEMPLATES = {
    "|safe": re.compile(r"\|\s*safe\b"),
    "autoescape switched off": re.compile(r"{%-?\s*autoescape\s+false"),
    "the database": re.compile(r"\bdb\.|\.query\b|\bsession\.(execute|scalar)"),
}
IN_MARKUP = {
    "inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "inline script": re.compile(r"<script\b(?![^>]*\ssrc\s*=)|javascript:", re.IGNORECASE),
    "inline event handler": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
}
#: Written in halves: this file is searched too.
REGISTRIES = re.compile(
    "|".join(
        rf"{left}{right}"
        for left, right in (
            ("py", r"pi\.(org|python)"),
            ("files.python", r"hosted"),
            ("registry.np", r"mjs"),
            ("npm", r"mirror\."),
            ("npmjs", r"\.(com|org)"),
            ("mirrors?", r"\.(aliyun|tuna|ustc|huawei|tencent|cloud)"),
            ("deb", r"\.debian\.org"),
            ("--(extra-)?index", r"-url[ =]"),
        )
    ),
    re.IGNORECASE,
)
MACHINE_PATH = re.compile("(?<![\\w.~/-])/" + "(work|root|home|Users)/[\\w.]")


def bad_templates(source: Source) -> Iterator[str]:
    """What the content security policy would block, or what switches escaping off."""
    if not source.path.startswith("templates/"):
        return
    text = _blank(r"{#.*?#}", source.text)
    markup = _blank(r"{%.*?%}|{{.*?}}", text)
    for searched, patterns in ((text, IN_TEMPLATES), (markup, IN_MARKUP)):
        for what, pattern in patterns.items():
            yield from (f"{source.path}:{_line(searched, match)} has {what}" for match in pattern.finditer(searched))


def _blank(pattern: str, text: str) -> str:
    """Removes what matches but keeps the lines."""
    return re.sub(pattern, lambda match: "\n" * match.group().count("\n"), text, flags=re.DOTALL)


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


def foreign_words(source: Source) -> Iterator[str]:
    """Package hosts (any mirror must work) and paths of one person's machine."""
    for what, pattern in (("names a package host", REGISTRIES), ("names a path of one machine", MACHINE_PATH)):
        for match in pattern.finditer(source.text):
            yield f"{source.path}:{_line(source.text, match)} {what}: {match.group()!r}"
    if source.path.startswith("requirements") and "://" in source.text:
        yield f"{source.path} has an address"
