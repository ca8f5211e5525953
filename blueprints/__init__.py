"""What views of every audience share: the transaction of a write, the person and the device of a request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import current_app, g, request

from lib.database import WITHOUT_WAITING, begin_mode, transaction_mode
from lib.database.reader import end_reading
from lib.http.addresses import line_of, parsed
from models import Declaration, db
from services import audit
from services.access import Actor
from services.accounts.throttle import AttemptSource
from services.filing.case import DeclarationCase


def me() -> Actor:
    """The signed-in person. Only for views that are not public."""
    return cast(Actor, g.actor)


@contextmanager
def writing(*, keep: bool = False, wait: bool = True) -> Iterator[None]:
    """The only place where a view writes: a short transaction that takes the write lock (docs/adr/024).

    It ends the reading before it and begins again, so what a decision hangs on is read again inside. ``keep``: what was
    read stays as it was; then the version column of a row tells, when it is written, that another request was faster
    (StaleDataError). Without ``wait`` a lock that another one has is an error at once, for what can be written later
    just as well. The view commits inside. What is not committed is undone at the end.
    """
    if begin_mode.get() != "DEFERRED":  # inside another one
        yield
        return
    session = db.session()
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("a change before the write lock would be lost")
    expires, session.expire_on_commit = session.expire_on_commit, not keep
    try:
        end_reading()
        (session.commit if keep else session.rollback)()
        with transaction_mode("IMMEDIATE" if wait else WITHOUT_WAITING):
            yield
    finally:
        session.rollback()
        session.expire_on_commit = expires


def let_go_of_database() -> None:
    """Before a file is read or drawn: no transaction is open meanwhile, and no connection is held."""
    end_reading()
    db.session.rollback()


def opened(case: DeclarationCase) -> bool:
    """Write down, once for each decision, that its owner sees the result: from then on it cannot be undone.

    In a short transaction of its own, behind the row's lock: either the officer's undo comes first, and the page shows
    what is decided then, or it comes too late. True: there was something to write, and the case has to be read again.
    """
    if not case.result_unseen:
        return False
    declaration_id = case.declaration.id
    with writing():
        declaration = db.session.get_one(Declaration, declaration_id)
        db.session.refresh(declaration, with_for_update={"of": Declaration})
        if audit.result_unseen(declaration):
            audit.record(
                "open_result", me(), declaration_id=declaration.id, revision_number=declaration.revision_number
            )
        db.session.commit()
    return True


def client_source() -> AttemptSource:
    """Where the request comes from, for limits."""
    sent = request.remote_addr or ""
    address = parsed(sent)
    is_office = address is not None and any(address in network for network in current_app.config["OFFICE_NETWORKS"])
    return AttemptSource(line_of(sent), is_office)


def device_name() -> str:
    """The browser and system in words, as shown in the list of signed-in devices."""
    agent = request.user_agent.string
    systems = {
        "iPhone": "iPhone",
        "iPad": "iPad",
        "Android": "Android 手机",
        "Windows": "Windows 电脑",
        "Mac OS": "Mac 电脑",
        "Linux": "Linux 电脑",
    }
    browsers = {"MicroMessenger": "微信", "Edg": "Edge", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
    system = next((name for mark, name in systems.items() if mark in agent), "未知设备")
    browser = next((name for mark, name in browsers.items() if mark in agent), "浏览器")
    return f"{system} {browser}"
