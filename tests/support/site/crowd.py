"""Many applicants at once, each on the whole way from 立即注册 to 【提交】, and what must be stored afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy import select

from forms import PHOTO, SHEET, STEPS
from lib.codes import Status
from lib.storage import Folder
from models import Account, Declaration, db
from services.accounts.applicants import number_index
from services.papers import papers, preparation
from tests.support.applicant.filing import names
from tests.support.people import EMPLOYED, PASSWORD, as_form, id_number
from tests.support.site.visitor import Visitor

KINDS = ("id_portrait", "id_emblem", "employer_licence", "work_proof", "full_time_diploma", "full_time_degree_paper")
PAPERS = (*KINDS, "qualification_certificate", SHEET)  # with a photo, which is sent with the first page

Think = Callable[[], None]


@dataclass(frozen=True)
class Person:
    """One applicant: a number, a phone, an address and a place in the network of their own."""

    serial: int

    @property
    def number(self) -> str:
        return id_number(self.serial % 450 * 2 + 1, f"199003{7 + self.serial // 450:02d}")

    @property
    def address(self) -> str:
        """Each comes from another machine: one address may register only so many people."""
        return f"127.0.{1 + self.serial // 200}.{1 + self.serial % 200}"

    @property
    def answers(self) -> dict[str, Any]:
        own = {"mobile": f"1380013{self.serial:04d}", "postal_address": f"样例路 {self.serial} 号"}
        return EMPLOYED | own | {"birth_date": date(1990, 3, 7 + self.serial // 450)}


def go(port: int, person: Person, pictures: Mapping[str, bytes], think: Think) -> Visitor:
    visitor = Visitor(port, person.address)
    walk(visitor, person, pictures, think)
    return visitor


def walk(visitor: Visitor, person: Person, pictures: Mapping[str, bytes], think: Think) -> None:
    """The whole way. Every answer is expected; what is answered is stored."""
    _register(visitor, person, think)
    visitor.get("/apply/notice")
    think()
    visitor.send("/apply/notice")
    for step in STEPS:
        visitor.get(f"/apply/{step.slug}")
        think()
        files = {PHOTO: pictures[PHOTO]} if PHOTO in step.papers else None
        visitor.send(f"/apply/{step.slug}", {**as_form(person.answers, names(step.slug)), "action": "next"}, files)
    visitor.get("/apply/check")
    think()
    visitor.get(visitor.send("/apply/check/print").location)
    for kind in PAPERS:
        visitor.get("/apply/papers")
        think()
        visitor.send(f"/apply/papers/{kind}", files={"file": pictures[kind]})
    visitor.get("/apply/papers")
    think()
    assert visitor.send("/apply/submit", {"agree": "yes"}).location == "/apply/done"
    visitor.get("/apply/done")
    visitor.close()


def _register(visitor: Visitor, person: Person, think: Think) -> None:
    visitor.get("/register")
    think()
    who = {"name": person.answers["applicant_name"], "number": person.number}
    asked = {"id_type": "resident_id", "phone": person.answers["mobile"], "privacy": "yes"}
    visitor.get(visitor.send("/register", who | asked).location)
    think()
    visitor.get(visitor.send("/register/password", {"password": PASSWORD, "confirm": PASSWORD}).location)
    think()
    visitor.send("/login", who | {"password": PASSWORD})


def all_at_once(
    port: int, people: Sequence[Person], pictures: Mapping[str, bytes], thinking: tuple[float, float]
) -> tuple[list[float], list[float]]:
    """Everybody begins within one time of thinking; returns how long each page took, and each upload, in order.

    Raises what went wrong first.
    """
    visitors: list[Visitor] = []
    failures: list[BaseException] = []

    def run(person: Person) -> None:
        chance = Random(person.serial)
        try:
            time.sleep(chance.uniform(0, thinking[1]))
            visitors.append(go(port, person, pictures, lambda: time.sleep(chance.uniform(*thinking))))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise AssertionError(f"{len(failures)} of {len(people)} did not arrive") from failures[0]
    pages = sorted(wait for visitor in visitors for wait in visitor.waits)
    return pages, sorted(wait for visitor in visitors for wait in visitor.uploads)


# --- what must be stored ----------------------------------------------------------------------------------------------


def addresses(app: Flask, folder: Path, pictures: Mapping[str, bytes]) -> dict[str, str]:
    """Where the product stores these pictures: an address tells the content. Made in a store of the test's own."""
    store = Folder(folder, app.extensions["kuaiji.keys"])
    rule = app.extensions["kuaiji.photo_rule"]
    made = {
        kind: preparation.prepare_photo(store, data, None, rule)
        if kind == PHOTO
        else preparation.prepare(store, data, kind)
        for kind, data in pictures.items()
    }
    return {kind: prepared.blob.address for kind, prepared in made.items()}


def lost(app: Flask, people: Sequence[Person], expected: Mapping[str, str]) -> list[str]:
    """What was acknowledged and is not there, or is not what was sent. All files are opened."""
    store: Folder = app.extensions["kuaiji.store"]
    for address in expected.values():
        store.get(address)
    query = select(Declaration).join(Account).where(Account.id_index.in_([number_index(one.number) for one in people]))
    filed = {one.account.id_number: one for one in db.session.scalars(query)}
    found = [problem for one in people for problem in _lost(one, filed.get(one.number), expected)]
    db.session.rollback()
    return found


def _lost(person: Person, filed: Declaration | None, expected: Mapping[str, str]) -> list[str]:
    if filed is None or filed.status != Status.SUBMITTED or len(filed.revisions) != 1:
        return [f"{person.serial}: not submitted once"]
    revision = filed.revisions[0]
    wanted = {name: value.isoformat() if isinstance(value, date) else value for name, value in person.answers.items()}
    answers, kept = dict(revision.answers), {kind: papers.addresses(revision.papers.get(kind)) for kind in expected}
    wrong = [name for name, value in wanted.items() if answers.get(name) != value]
    wrong += [kind for kind, address in expected.items() if list(kept[kind]) != [address]]
    return [f"{person.serial}: {', '.join(wrong)}"] if wrong else []
