"""核验申请 of the demo: one for each need, for 沈阳市和平区, waiting at its desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from demo.accounts import LEGACY
from demo.drawings import Appearance, Document, card
from demo.people import DemoPerson, id_number
from lib.codes import AssistanceNeed, IdType
from lib.storage import Store
from models import AssistanceRequest, db
from services.assistance import requests
from services.assistance.requests import Asked, DocumentPicture
from services.papers import preparation
from services.site import privacy

OFFICE = "210102"


@dataclass(frozen=True)
class _Wish:
    """``whose``: the person of the demo whose number it is, by name; ``name``: who says that it is theirs."""

    need: AssistanceNeed
    whose: str
    name: str
    story: str


WISHES = (
    _Wish(AssistanceNeed.OCCUPIED, "赵海明", "赵海民", "注册时显示证件号被占用，我从来没有注册过，请核实。"),
    _Wish(AssistanceNeed.RECORD, "马丽", "马丽", "证书丢了，不记得档案号，人在外地，不方便到窗口。"),
    _Wish(AssistanceNeed.PASSWORD, "李𬭎", "李𬭎", "换了手机号，密码也忘了。"),
)
Drawn = tuple[Asked, DocumentPicture]


def draw(store: Store, people: list[DemoPerson]) -> list[Drawn]:
    """The applications with their pictures, already in the store; none when there are some in the database."""
    if db.session.scalar(select(AssistanceRequest.id).limit(1)):
        return []
    numbers = {person.name: person.number for person in people if person.id_type == IdType.RESIDENT}
    numbers |= {name: id_number(born, serial) for name, born, serial, *_rest in LEGACY}
    office = requests.office(OFFICE)
    db.session.rollback()  # drawing is slow
    if office is None:
        return []
    wishes = [(wish, numbers[wish.whose]) for wish in WISHES if wish.whose in numbers]
    return [_drawn(store, wish, number, office.id, place) for place, (wish, number) in enumerate(wishes)]


def _drawn(store: Store, wish: _Wish, number: str, office_id: int, place: int) -> Drawn:
    born = date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    rows = (
        ("姓名", wish.name),
        ("出生", f"{born.year} 年 {born.month} 月 {born.day} 日"),
        ("住址", "样例县样例路 1 号"),
    )
    look = Appearance("male" if int(number[16]) % 2 else "female", place + 1)
    picture = card(Document("居民身份证", rows, small=f"公民身份号码  {number}", look=look))
    made = preparation.prepare(store, picture)
    phone = f"1380013{8000 + place}"
    asked = Asked(wish.need, IdType.RESIDENT, number, wish.name, phone, wish.story, office_id, privacy.VERSION)
    return asked, DocumentPicture(made.blob.address, made.thumb.address, made.picture.width, made.picture.height)


def load(drawn: list[Drawn], days: int) -> None:
    for asked, picture in drawn:
        requests.file(asked, days, picture)
