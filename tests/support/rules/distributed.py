"""Rules that let a schema of the product stand in a distributed PostgreSQL (docs/adr/044): read from the sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.support.rules.house import Source

#: Where the order means nothing, so that any one will do: what is ordered -> why.
IN_ANY_ORDER = {
    (
        "services/administration/audit_seals.py",
        "Event.id",
    ): "a chain has positions of its own; links are made in any order",
    ("services/administration/audit_seals.py", "func.max(Event.id)"): "one example of several",
    ("services/retention/own_data.py", "mapped.id"): "parts of an export, each with its time",
    ("services/operations/storage_check.py", "PaperPage.id"): "walks through all rows",
    ("services/operations/doctor.py", "mapped.id.desc()"): "any row will do",
    ("services/operations/key_rotation.py", "mapped.id"): "walks through all rows",
    ("services/queue/index.py", "Declaration.id"): "walks through all rows",
    ("services/queue/index.py", "Record.id"): "walks through all rows",
    ("services/workflow/claims.py", "Declaration.id"): "locks in one order for everybody",
    ("services/workflow/department_closing.py", "Declaration.id"): "some of the rows, as many as fit",
    ("services/workflow/due_dates.py", "Declaration.id"): "walks through all rows",
    ("demo/accounts.py", "LegacyHolder.id"): "invented people",
    ("demo/load.py", "Record.id"): "invented people",
}
#: Citus 13.2 writes the first wrongly on tables of a distributed schema, and refuses the second.
UNFIT = re.compile(r"(?is)\binsert\s+into\b[^;]*\bselect\b[^;]*\bjoin\b|\bmerge\s+into\b|\.from_select\(")


def ordered_by_ids(source: Source) -> Iterator[str]:
    """Ids that are made on several machines are unique; which is larger says nothing about time."""
    for node in source.nodes:
        if isinstance(node, ast.Call):
            for order in _orders(node):
                if (source.path, order) not in IN_ANY_ORDER:
                    yield f"{source.path}:{node.lineno} is ordered by {order} alone"


def _orders(call: ast.Call) -> Iterator[str]:
    if isinstance(call.func, ast.Attribute) and call.func.attr == "order_by" and len(call.args) == 1:
        text = ast.unparse(call.args[0])
        if re.search(r"\w\.id\b", text):
            yield text
    for keyword in call.keywords:
        if keyword.arg == "order_by" and isinstance(keyword.value, ast.Constant):
            yield from re.findall(r"\A\w+\.id(?:\.desc\(\))?\Z", str(keyword.value.value))


def unfit_migrations(source: Source) -> Iterator[str]:
    if source.path.startswith("migrations/versions/"):
        for found in UNFIT.finditer(source.text):
            yield f"{source.path}: {' '.join(found[0].split())[:60]}"
