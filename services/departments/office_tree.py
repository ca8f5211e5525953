"""The departments as a tree, for the pages that keep them up: what each covers, and which have no phone yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lib.codes import DepartmentKind
from services.departments import matching, snapshot, tree
from services.departments.snapshot import DepartmentNode, ReferenceData


@dataclass(frozen=True)
class TreeEntry:
    """A department and those below it. ``fits``: it is looked for itself, not only one below it."""

    office: DepartmentNode
    covers: str
    fits: bool
    below: Sequence[TreeEntry]

    def __iter__(self) -> Iterator[TreeEntry]:
        """Itself and all below it."""
        yield self
        for entry in self.below:
            yield from entry


def of(path: str, query: str = "", *, without_phone: bool = False, with_closed: bool = False) -> TreeEntry | None:
    """The department of this path and those below it that are looked for; None when there are none."""
    rows = [row for row in tree.load().under(path) if row.active or with_closed]
    cities = {row.code: row.name for row in rows if row.kind == DepartmentKind.CITY}

    def fits(row: DepartmentNode) -> bool:
        city = next((cities[code] for code in row.path.split("/") if code in cities), "")
        return (not query or matching.is_found(query, row.name, city)) and not (without_phone and not lacks_phone(row))

    return _entry(rows[0], rows, fits) if rows else None


def top() -> str:
    """The path of the province."""
    return next(row.path for row in tree.load().rows if row.kind == DepartmentKind.PROVINCE)


def lacks_phone(row: DepartmentNode) -> bool:
    return row.active and not row.phone


def _entry(
    row: DepartmentNode, rows: Sequence[DepartmentNode], fits: Callable[[DepartmentNode], bool]
) -> TreeEntry | None:
    depth = row.path.count("/") + 1
    children = [one for one in rows if one.path.startswith(row.path) and one.path.count("/") == depth]
    below = tuple(entry for child in children if (entry := _entry(child, rows, fits)))
    return TreeEntry(row, covers(row), fits(row), below) if below or fits(row) else None


# --- what a department covers ------------------------------------------------------------------------------------

BY_LEVEL = {DepartmentKind.PROVINCE: "中央驻辽单位和省属单位", DepartmentKind.CITY: "市属单位"}


def covers(row: DepartmentNode) -> str:
    """In words: whole counties, and single streets with their county before them."""
    parts = [BY_LEVEL[row.kind]] if row.kind in BY_LEVEL else []
    names = snapshot.current().divisions
    for county, streets in coverage(row.code).items():
        parts.append(f"{names[county]}：{'、'.join(names[street] for street in streets)}" if streets else names[county])
    return "；".join(parts)


def coverage(code: str) -> Mapping[str, Sequence[str]]:
    """County -> the single streets that a department covers in it; none: the whole county."""
    return _coverage(snapshot.current()).get(code, {})


@lru_cache(maxsize=4)
def _coverage(reference: ReferenceData) -> Mapping[str, Mapping[str, Sequence[str]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for division, codes in sorted(reference.covering.items()):
        for code in codes:
            streets = found.setdefault(code, {}).setdefault(division[:6], ())
            if len(division) > 6:
                found[code][division[:6]] = (*streets, division)
    return found
