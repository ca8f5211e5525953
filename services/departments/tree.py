"""The tree of departments: which one is above or below which."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from lib.codes import DepartmentKind
from services.departments import snapshot
from services.departments.snapshot import DepartmentNode, ReferenceData


class DepartmentTree:
    """All departments, in the order of the tree. It never changes: what is asked of it again is kept."""

    def __init__(self, rows: Sequence[DepartmentNode]) -> None:
        self.rows = rows
        self.by_id = {row.id: row for row in rows}
        self.by_code = {row.code: row for row in rows}
        self._under: dict[str, tuple[DepartmentNode, ...]] = {}
        self._ids: dict[str, frozenset[int]] = {}

    def scope(self, department_id: int) -> tuple[int, ...]:
        """The department and those above it, the province first."""
        codes = self.by_id[department_id].path.split("/")[:-1]
        return tuple(self.by_code[code].id for code in codes)

    def city_id(self, department_id: int) -> int | None:
        """The city's bureau at or above this one; None for the province's own and its zones."""
        above = (self.by_id[office_id] for office_id in self.scope(department_id))
        return next((office.id for office in above if office.kind == DepartmentKind.CITY), None)

    def under(self, path: str) -> tuple[DepartmentNode, ...]:
        """The department of this path and all below it; none for an empty path."""
        if path not in self._under:
            self._under[path] = tuple(row for row in self.rows if path and row.path.startswith(path))
        return self._under[path]

    def ids_under(self, path: str) -> frozenset[int]:
        if path not in self._ids:
            self._ids[path] = frozenset(row.id for row in self.under(path))
        return self._ids[path]


def load() -> DepartmentTree:
    return _of(snapshot.current())


@lru_cache(maxsize=4)
def _of(reference: ReferenceData) -> DepartmentTree:
    return DepartmentTree(reference.departments)
