"""会计管理部门: the divisions for the selects, the departments that match an address, and their phones (咨询电话)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lib.codes import DepartmentKind
from services.access import Actor
from services.departments import snapshot, tree
from services.departments.snapshot import DepartmentNode, ReferenceData, Titles

CENTRAL, PROVINCIAL, MUNICIPAL = "central", "provincial", "municipal"  # codes of the list 单位隶属关系


@dataclass(frozen=True)
class DepartmentMatch:
    """A department that an applicant may choose. ``own_system``: it collects by itself and takes no filing here.

    ``system_url`` and ``system_words``: the way to that system, as far as it is known.
    """

    code: str
    name: str
    phone: str
    address: str
    reason: str
    own_system: bool
    system_url: str = ""
    system_words: str = ""


def cities() -> Titles:
    return _divisions("city", "")


def counties(city: str) -> Titles:
    return _divisions("county", city)


def streets(county: str) -> Titles:
    return _divisions("street", county)


def places() -> list[str]:
    """Every city and county as an address begins: 辽宁省沈阳市和平区."""
    names = snapshot.current().divisions
    wholes = ((names.get(f"{city[:2]}0000", "") + name, city) for city, name in cities().items())
    return [whole + county for whole, city in wholes for county in ("", *counties(city).values())]


def _divisions(level: str, above: str) -> Titles:
    return snapshot.current().divisions_below.get((level, above), {})


def match(city: str, county: str, street: str | None, affiliation: str | None = None) -> Sequence[DepartmentMatch]:
    """The departments for an address, most specific first: zone or county, city, province.

    中央 and 省 units come to the province first, 市 units to the city (rules, departments).
    """
    return _kept(snapshot.current())(city, county, street, affiliation)


@lru_cache(maxsize=4)
def _kept(_reference: ReferenceData) -> Callable[..., Sequence[DepartmentMatch]]:
    """What one version of the reference data has answered."""
    return lru_cache(maxsize=1000)(_matched)


def _matched(city: str, county: str, street: str | None, affiliation: str | None) -> Sequence[DepartmentMatch]:
    by_code = tree.load().by_code
    codes = dict.fromkeys((*_covering(by_code, street, county), city, f"{city[:2]}0000"))
    found = (_standing(by_code[code]) for code in codes if code in by_code)
    rows = [row for row in dict.fromkeys(found) if row.active]
    rows.sort(key=lambda row: _later(row, affiliation))
    return tuple(_candidate(row, _reason(row, affiliation)) for row in rows)


def responsible(county: str, street: str | None = None) -> DepartmentNode | None:
    """The department to which a place belongs now: a zone before the county's bureau."""
    by_code = tree.load().by_code
    return next((by_code[code] for code in _covering(by_code, street, county)), None)


def _covering(by_code: Mapping[str, DepartmentNode], street: str | None, county: str) -> list[str]:
    """The departments in use that cover the place, zones first. A bureau of the street goes instead of the county's."""
    covering = snapshot.current().covering
    of_street, of_county = (
        {code for code in covering.get(place or "", ()) if by_code[code].active} for place in (street, county)
    )
    if any(by_code[code].kind == DepartmentKind.COUNTY for code in of_street):
        of_county = {code for code in of_county if by_code[code].kind != DepartmentKind.COUNTY}
    return sorted(of_street | of_county, key=lambda code: (by_code[code].kind != DepartmentKind.ZONE, code))


def _standing(row: DepartmentNode) -> DepartmentNode:
    """A closed one's successor, as long as there is one."""
    by_id = tree.load().by_id
    while not row.active and row.successor_id in by_id:
        row = by_id[row.successor_id]
    return row


def _candidate(row: DepartmentNode, reason: str) -> DepartmentMatch:
    own = (row.own_system, row.system_url or "", row.system_words or "")
    return DepartmentMatch(row.code, row.name, row.phone, row.address, reason, *own)


def _reason(row: DepartmentNode, affiliation: str | None) -> str:
    if row.kind == DepartmentKind.PROVINCE:
        return "中央和省属单位由省财政厅受理" if affiliation in (CENTRAL, PROVINCIAL) else "受理中央驻辽单位和省属单位"
    if row.kind == DepartmentKind.CITY:
        return "市属单位由市财政局受理" if affiliation == MUNICIPAL else "受理市属单位；所在县(区)不能受理时可以选择"
    return "负责您所填地址所在的功能区" if row.kind == DepartmentKind.ZONE else "负责您所填地址所在的县(区)"


def _later(row: DepartmentNode, affiliation: str | None) -> bool:
    """Sorts what the affiliation puts first before the rest; the order within stays."""
    if affiliation in (CENTRAL, PROVINCIAL):
        return row.kind != DepartmentKind.PROVINCE
    return row.kind != DepartmentKind.CITY if affiliation == MUNICIPAL else False


# --- 咨询电话 ------------------------------------------------------------------------------------------------------

#: Words that people leave out when they look for an office: 沈阳和平 finds 沈阳市和平区财政局.
_LEFT_OUT = re.compile("财政金融局|财政[厅局]?|(?:满族|蒙古族)?自治县|[省市区县局\\s]")


@dataclass(frozen=True, eq=False)
class PhoneBookGroup:
    """The departments of one city; the first group is the province's own. ``system``: where a city collects."""

    name: str
    own_system: bool
    departments: Sequence[DepartmentNode]
    system: DepartmentNode | None = None


def phone_book(query: str = "") -> Sequence[PhoneBookGroup]:
    """All departments in use grouped by city, or those whose name (or city) has ``query`` in it."""
    return _grouped(snapshot.current(), query) if query else _whole_book(snapshot.current())


@lru_cache(maxsize=4)
def _whole_book(reference: ReferenceData) -> Sequence[PhoneBookGroup]:
    return _grouped(reference, "")


def _grouped(reference: ReferenceData, query: str) -> Sequence[PhoneBookGroup]:
    rows = [row for row in reference.departments if row.active]
    names = {row.code: row.name for row in rows if row.kind == DepartmentKind.CITY}
    groups: dict[str, list[DepartmentNode]] = {}
    for row in rows:
        city = next((code for code in row.path.split("/") if code in names), "")
        if is_found(query, row.name, names.get(city, "")):
            groups.setdefault(city, []).append(row)
    return tuple(
        PhoneBookGroup(
            names[city].removesuffix("财政局") if city else "省级",
            all(row.own_system for row in found),
            found,
            next((row for row in found if row.own_system and row.system_url), None),
        )
        for city, found in groups.items()
    )


def ways_on() -> Sequence[DepartmentNode]:
    """The topmost departments that collect by themselves; those below one with an address of their own as well."""
    found: list[DepartmentNode] = []
    for row in snapshot.current().departments:
        if row.active and row.own_system and not _is_below_one_of(row, found):
            found.append(row)
    return tuple(found)


def _is_below_one_of(row: DepartmentNode, others: Sequence[DepartmentNode]) -> bool:
    return any(row.path.startswith(other.path) and row.system_url in (None, other.system_url) for other in others)


def is_found(query: str, name: str, city: str) -> bool:
    wanted, bare = "".join(query.split()), _LEFT_OUT.sub("", query)
    return wanted in name or bool(bare and bare in _LEFT_OUT.sub("", f"{city} {name}"))


def in_scope(actor: Actor) -> Sequence[DepartmentNode]:
    """The officer's own department and those below it."""
    return tree.load().under(actor.path)


def below(office: DepartmentNode) -> Sequence[DepartmentNode]:
    """A department and those below it."""
    return tree.load().under(office.path)


def one_in_scope(actor: Actor, code: str) -> DepartmentNode | None:
    return next((row for row in in_scope(actor) if row.code == code), None)
