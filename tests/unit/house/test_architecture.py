"""The house keeps its rules (docs/architecture.md), and each rule finds what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from scripts import rooms_drawing
from tests.support.rules import distributed, house
from tests.support.rules.house import Source

Check = Callable[[Source], Iterator[str]]

FILES = house.project_files()
PRODUCT = [source for source in FILES if house.is_product(source)]
PYTHON = [source for source in FILES if source.path.endswith(".py") and not source.path.startswith("migrations/")]
CODE = PYTHON + [source for source in FILES if source.path.endswith((".js", ".html"))]

RULES: list[tuple[Check, list[Source]]] = [
    (house.wrong_arrows, PRODUCT),
    (house.request_in_rules, PRODUCT),
    (house.commits, PRODUCT),
    (house.status_writers, PRODUCT),
    (house.long_functions, PYTHON),
    (house.long_files, CODE),
    (house.bad_templates, FILES),
    (house.foreign_words, FILES),
    (distributed.ordered_by_ids, [source for source in PRODUCT if source.path.endswith(".py")]),
    (distributed.unfit_migrations, FILES),
]


@pytest.mark.parametrize(("rule", "sources"), RULES, ids=[rule.__name__ for rule, _sources in RULES])
def test_the_house_keeps_its_rules(rule: Check, sources: list[Source]) -> None:
    problems = [problem for source in sources for problem in rule(source)]
    assert not problems, "\n".join(["", *problems])


@pytest.mark.parametrize("layer", list(house.RANK))
def test_modules_of_a_layer_do_not_import_each_other_in_a_ring(layer: str) -> None:
    assert house.circles(source for source in PRODUCT if source.layer == layer) == []


HOUSE = [source for source in PRODUCT if source.layer in house.ROOMS]
WHOLE: list[tuple[Callable[[Iterable[Source]], Iterator[str]], list[Source]]] = [
    (house.crowded_folders, HOUSE),
    (house.rooms_without_words, [*HOUSE, *(source for source in PRODUCT if source.layer in ("commands", "demo"))]),
    (house.names_used_twice, HOUSE),
]


@pytest.mark.parametrize(("rule", "sources"), WHOLE, ids=[rule.__name__ for rule, _sources in WHOLE])
def test_the_rooms_explain_themselves(rule: Callable[[Iterable[Source]], Iterator[str]], sources: list[Source]) -> None:
    assert list(rule(sources)) == []


def test_a_rule_about_rooms_finds_what_breaks_it() -> None:
    many = [Source(f"services/room/m{number}.py", "") for number in range(27)]
    assert list(house.crowded_folders([*many, Source("services/room/__init__.py", "")])) == [
        "services/room has 27 entries, at most 26"
    ]
    assert list(house.rooms_without_words([Source("lib/pdf/__init__.py", "x = 1")])) == [
        "lib/pdf/__init__.py has no docstring"
    ]
    twins = [Source("lib/a.py", "class Found: ..."), Source("services/b.py", "class Found: ...\nclass Other: ...")]
    assert list(house.names_used_twice(twins)) == ["Found: lib/a.py, services/b.py"]


def test_the_rooms_do_not_use_each_other_in_a_circle() -> None:
    order = list(TopologicalSorter(house.rooms(PRODUCT)).static_order())  # raises CycleError with the circle
    assert (
        order.index("lib") < order.index("services.declaration") < order.index("services.workflow") < order.index("app")
    )


def test_the_drawing_of_the_rooms_is_made_of_the_imports() -> None:
    text = rooms_drawing.DOCUMENT.read_text("utf-8")
    assert rooms_drawing.written(text, PRODUCT) == text, "run: make docs"


def test_an_arrow_that_follows_from_two_others_is_not_drawn() -> None:
    chain = [
        Source("app.py", "from services.papers import wanted\nimport models"),
        Source("services/papers/wanted.py", "import models"),
        Source("models.py", ""),
    ]
    drawn = rooms_drawing.drawing(chain)
    assert "app --> services_papers" in drawn
    assert "services_papers --> models" in drawn
    assert "app --> models" not in drawn


def test_functions_are_short() -> None:
    lengths = house.body_lengths(PRODUCT)
    assert lengths[int(len(lengths) * 0.95)] <= 16


def test_every_file_is_read() -> None:
    assert {"tests/support/rules/house.py", "Makefile", "requirements.txt"} <= {source.path for source in FILES}
    assert all(not Path(source.path).is_absolute() for source in FILES)


# Each rule on snippets: (rule, path, text, how many problems)
VIEW, RULE, LIB = "blueprints/wizard/views.py", "services/papers/papers.py", "lib/pictures/images.py"
LONG_BODY = "\n".join(f"    x = {n}" for n in range(40))
ARROWS = [
    (VIEW, "from services import answers\nfrom forms import STEPS\nfrom blueprints.gate import only", 0),
    (VIEW, "from blueprints.wizard.forms import x\nfrom . import helpers\nfrom .helpers import y", 0),
    (VIEW, "from blueprints.review import desk", 1),
    (VIEW, "from .. import review", 1),
    (VIEW, "import commands.demo", 1),
    (VIEW, "from app import create_app", 1),
    ("blueprints/gate.py", "from blueprints import auth", 1),
    ("commands/demo.py", "from services import workflow\nimport blueprints.template_helpers", 1),
    ("commands/demo.py", "from config import SETTINGS", 1),
    (
        "app.py",
        "import commands\nfrom blueprints import auth, review\nfrom config import Config\nfrom models import db",
        0,
    ),
    ("app.py", "from tests.support.people import one", 1),
    (RULE, "import models\nfrom lib.pictures.images import clean\nfrom services import answers", 0),
    (RULE, "def late():\n    from blueprints import gate", 1),
    ("forms.py", "from services.papers import asked", 1),
    ("models.py", "from forms import STEPS\nfrom lib import crypto", 1),
    (LIB, "from lib import crypto\nimport models", 1),
    (LIB, "import json, flaskr, modelsish", 0),
    ("config.py", "from models import db", 1),
]
REQUESTS = [
    (RULE, "from flask import url_for", 0),
    (RULE, "from flask import current_app, url_for\nimport subprocess\nfrom subprocess import Popen", 3),
    (RULE, "from flask import g, request, session\nfrom flask_login import current_user", 4),
    (RULE, "import flask\n\ndef who():\n    return flask.request.remote_addr", 1),
    (LIB, "from flask import url_for\nimport subprocess", 1),
    (VIEW, "from flask import request", 0),
]
COMMITS = [
    (RULE, "db.session.commit()", 1),
    ("app.py", "db.session.commit()", 1),
    (RULE, "db.session.flush()\ncommit = 1", 0),
    (VIEW, "with writing(keep=True):\n    save()\n    db.session.commit()", 0),
    (VIEW, "with writing():\n    save()\ndb.session.commit()", 1),
    (RULE, "with writing():\n    db.session.commit()", 1),
    ("commands/demo.py", "db.session.commit()", 0),
]
STATUS = [
    (VIEW, "declaration.status = Status.APPROVED", 1),
    (VIEW, "a, declaration.status = 1, 2", 1),
    (VIEW, "declaration.status: str = 'x'", 1),
    (VIEW, "setattr(declaration, 'status', 'x')\nsetattr(declaration, 'name', 'x')\nsetattr(x)", 1),
    (RULE, "update(Declaration).values(status='approved')\nupdate(Declaration).values(name='x')", 1),
    (RULE, "status = declaration.status\nif declaration.status == 1: pass", 0),
    ("services/workflow/transitions.py", "declaration.status = after", 0),
]
FUNCTIONS = [
    (RULE, f"def f():\n{LONG_BODY}", 1),
    (RULE, f"async def f():\n{LONG_BODY}", 1),
    (RULE, f'def f():\n    """Two\n    lines."""\n{LONG_BODY.partition(chr(10))[2]}', 0),
    (RULE, 'def f():\n    """Only words."""', 0),
]
TEMPLATES = [
    (
        "templates/a.html",
        "{% extends 'b' %}<p>{{ text }}</p>{% set only = 1 %}<script type=module src='x'></script>",
        0,
    ),
    ("templates/a.html", "{# style= |safe #}<p data-style='x' class='on'>{{ f(onto=1, style=2) }}</p>", 0),
    ("templates/a.html", "<p>{{ text | safe }}{{ text|safe }}</p>", 2),
    ("templates/a.html", "{%- autoescape false %}{% endautoescape %}", 1),
    ("templates/a.html", "{{ db.session.scalar(q) }}", 2),
    ("templates/a.html", "<p style='color:red'>\n<style>p{}</style>", 2),
    ("templates/a.html", "<script>x</script><a href='javascript:x'>", 2),
    ("templates/a.html", "<button\nonclick='x'>", 1),
    ("docs/a.md", "<p style='x'>", 0),
]
WORDS = [
    ("docs/a.md", "see https://" + "py" + "pi.org/project/flask", 1),
    ("pip.conf", "--index" + "-url https://example.org/simple", 1),
    ("docs/a.md", "cp /" + "root/x; ls /" + "home/me", 2),
    ("docs/a.md", "src/" + "home/x, uploads/" + "work/1, ~/" + "work/x, https://example.org/" + "root/x", 0),
    ("requirements.txt", "flask @ https://example.org/flask.whl", 1),
]
ORDERS = [
    (RULE, "query.order_by(Event.id.desc()).limit(1)", 1),
    (RULE, "relationship(order_by='Mark.id')", 1),
    (RULE, "query.order_by(Event.at, Event.id)\nrelationship(order_by='(Mark.at, Mark.id)')", 0),
]
MIGRATIONS = [
    ("migrations/versions/1.py", "op.execute('INSERT INTO a (b) SELECT b.x FROM b JOIN c ON c.id = b.id')", 1),
    ("migrations/versions/1.py", "op.execute('MERGE INTO a USING b ON TRUE')\ninsert(a).from_select(['x'], q)", 2),
    ("migrations/versions/1.py", "op.execute('INSERT INTO a (b) SELECT b.x FROM b')", 0),
]
SNIPPETS = [
    (rule, *snippet)
    for rule, snippets in (
        (house.wrong_arrows, ARROWS),
        (house.request_in_rules, REQUESTS),
        (house.commits, COMMITS),
        (house.status_writers, STATUS),
        (house.long_functions, FUNCTIONS),
        (house.bad_templates, TEMPLATES),
        (house.foreign_words, WORDS),
        (distributed.ordered_by_ids, ORDERS),
        (distributed.unfit_migrations, MIGRATIONS),
    )
    for snippet in snippets
]


@pytest.mark.parametrize(("rule", "path", "text", "problems"), SNIPPETS)
def test_a_rule_finds_what_breaks_it(rule: Check, path: str, text: str, problems: int) -> None:
    found = list(rule(Source(path, text)))
    assert len(found) == problems, found
    assert all(problem.startswith(path) for problem in found)


@pytest.mark.parametrize(
    ("path", "lines", "problems"),
    [("lib/a.py", 399, 0), ("lib/a.py", 400, 1), ("forms.py", 700, 0), ("forms.py", 701, 1)],
)
def test_a_file_has_a_longest_length(path: str, lines: int, problems: int) -> None:
    assert len(list(house.long_files(Source(path, "x\n" * lines)))) == problems


def test_a_ring_is_found_with_its_members() -> None:
    ring = [
        Source("services/a.py", "from services import b"),
        Source("services/b.py", "from services.c import f"),
        Source("services/c.py", "import services.a\nfrom services import d"),
        Source("services/d.py", "def f():\n    from services import a"),
    ]
    assert house.circles(ring) == ["services.a -> services.b -> services.c -> services.a"]
    assert house.circles(ring[1:]) == []
    typed = [
        Source("lib/a.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lib import b"),
        Source("lib/b.py", "from lib import a"),
    ]
    assert house.circles(typed) == ["lib.a -> lib.b -> lib.a"]
