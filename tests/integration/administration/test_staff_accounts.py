"""工作人员账号: who sees and changes whose account, and what a change brings with it. Through the pages."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from lib.codes import Role, Status
from models import Attempt, Claim, Declaration, Event, Mark, SecondLook, Staff, db
from services import workflow
from services.accounts import applicants, throttle
from tests.support.office.second_factor import code, shown_secret, sign_in
from tests.support.people import id_number
from tests.support.site.command_line import runner

CITY, COUNTY, OTHER = "210100", "210102", "210381"
LIST = "/staff/admin/staff"
VERBS = {
    "manage": ("move", "active", "password"),
    "help": ("totp", "unlock", "sessions"),
    "disable": ("propose",),
    "renew": ("password",),
}
#: Who uses what at all; who may not get at the account gets a 404, others a 403.
USED_BY = {"manage": (Role.MANAGER, Role.SYSTEM), "renew": (Role.MANAGER, Role.SYSTEM)}
NEW = {"username": "sun.shen", "name": "孙审核", "role": "reviewer", "department": COUNTY}
OWN_PASSWORD = "自己的密码 horse 2026"


def path(row: Staff, verb: str = "") -> str:
    return f"{LIST}/{row.uid}" + (f"/{verb}" if verb else "")


def shown(text: str, label: str) -> str:
    found = re.search(rf"<dt>{label}</dt><dd>(.*?)</dd>", text, re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[1]).strip() if found else ""


def fresh(row: Staff) -> Staff:
    db.session.expire_all()
    return db.session.get_one(Staff, row.id)


def verbs() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Event.verb).where(Event.verb.like("staff%")).order_by(Event.id)))


# --- who may what -----------------------------------------------------------------------------------------------------

#: Role and department of who acts, of whose account it is: what is found, what may be done.
MATRIX = [
    ((Role.MANAGER, COUNTY), (Role.REVIEWER, COUNTY), "manage"),
    ((Role.MANAGER, COUNTY), (Role.MANAGER, COUNTY), "read"),
    ((Role.MANAGER, COUNTY), (Role.REVIEWER, OTHER), ""),
    ((Role.MANAGER, COUNTY), (Role.REVIEWER, CITY), ""),
    ((Role.MANAGER, COUNTY), (Role.SECURITY, COUNTY), ""),
    ((Role.MANAGER, CITY), (Role.MANAGER, COUNTY), "manage"),
    ((Role.MANAGER, CITY), (Role.REVIEWER, COUNTY), "manage"),
    ((Role.MANAGER, CITY), (Role.MANAGER, "210000"), ""),
    ((Role.MANAGER, "210000"), (Role.SYSTEM, "210000"), ""),
    ((Role.SYSTEM, "210000"), (Role.MANAGER, "210000"), "manage"),
    ((Role.SYSTEM, "210000"), (Role.REVIEWER, OTHER), "manage"),
    ((Role.SYSTEM, "210000"), (Role.SYSTEM, "210000"), "renew"),
    ((Role.SYSTEM, "210000"), (Role.AUDITOR, "210000"), "renew"),
    ((Role.SYSTEM, CITY), (Role.SECURITY, "210000"), ""),
    ((Role.SECURITY, "210000"), (Role.REVIEWER, OTHER), "help"),
    ((Role.SECURITY, "210000"), (Role.SYSTEM, "210000"), "help disable"),
    ((Role.SECURITY, "210000"), (Role.SECURITY, COUNTY), "help disable"),
    ((Role.SECURITY, CITY), (Role.REVIEWER, OTHER), ""),
    ((Role.AUDITOR, "210000"), (Role.REVIEWER, COUNTY), "read"),
]


@pytest.mark.parametrize(("who", "whose", "allowed"), MATRIX)
def test_each_role_reaches_the_accounts_that_are_its_to_reach(browser, make, who, whose, allowed):
    row = make.staff(*whose, name="周某某")
    actor = make.staff(*who, name="钱某某")
    browser.sign_in(actor)
    assert ("周某某" in browser.open(LIST).text) is bool(allowed)
    page = browser.open(path(row), expect=200 if allowed else 404)
    for kind, some in VERBS.items():
        for verb in some:
            offered = f'action="{path(row, verb)}"' in page.text
            assert offered is any(verb in VERBS[one] for one in allowed.split() if one in VERBS), verb
            if not offered:
                reached = actor.role in USED_BY.get(kind, (Role.SECURITY,))
                browser.send(path(row, verb), NEW | {"action": "disable"}, expect=404 if reached else 403)
    assert (fresh(row).active, row.role, verbs()) == (True, whose[0], [])


@pytest.mark.parametrize("role", [Role.MANAGER, Role.SYSTEM, Role.SECURITY])
def test_nobody_changes_the_own_account(browser, make, role):
    actor = make.staff(role, "210000")
    page = browser.sign_in(actor).open(path(actor)).text
    assert "这是您自己的账号" in page
    for verb in (*VERBS["help"], *VERBS["disable"]) if role == Role.SECURITY else VERBS["manage"]:
        assert path(actor, verb) not in page
        sent = {"role": "manager", "department": "210000", "action": "disable"}
        browser.send(path(actor, verb), sent, expect=404)


@pytest.mark.parametrize(
    ("who", "changed"),
    [
        ((Role.MANAGER, COUNTY), {"role": "manager"}),
        ((Role.MANAGER, COUNTY), {"department": OTHER}),
        ((Role.MANAGER, COUNTY), {"department": CITY}),
        ((Role.MANAGER, COUNTY), {"role": "system"}),
        ((Role.SYSTEM, "210000"), {"role": "auditor"}),
        ((Role.SYSTEM, "210000"), {"role": "applicant"}),
    ],
)
def test_nobody_makes_an_account_above_or_beside_the_own(browser, make, who, changed):
    row = make.staff(department=COUNTY)
    browser.sign_in(make.staff(*who))
    browser.send(f"{LIST}/new", NEW | changed, expect=422)
    browser.send(path(row, "move"), NEW | changed, expect=422)
    assert (fresh(row).role, row.department.code, verbs()) == (Role.REVIEWER, COUNTY, [])
    assert db.session.scalar(select(func.count()).select_from(Staff)) == 2


def test_the_list_is_filtered_searched_and_paged(browser, make):
    for number in range(51):
        make.staff(name=f"李{'一二三四五六七八九十'[number % 10]}", department=OTHER)
    make.staff(Role.MANAGER, COUNTY, name="赵主管", active=False)
    browser.sign_in(make.staff(Role.SYSTEM, "210000", name="系统甲"))
    first = browser.open(LIST)
    following = re.search(r'href="([^"]*after=[^"]*)"', first.text)
    assert following
    second = browser.open(following[1].replace("&amp;", "&")).text
    assert first.text.count("<tr>") + second.count("<tr>") == 53 + 2
    for query in ("role=manager", f"office={CITY}", "state=disabled"):
        rows = browser.open(f"{LIST}?{query}").text
        assert (rows.count("<tr>"), "赵主管" in rows) == (2, True), query
    assert browser.open(f"{LIST}?role=nobody&office=x&state=x&after=-").status == 200
    browser.open(f"{LIST}?after=%00", expect=(200, 400))  # PostgreSQL knows no text with a zero in it
    found = browser.send(f"{LIST}/search", {"q": "赵主"}, expect=200).text
    assert (found.count("<tr>"), "赵主管" in found) == (2, True)
    assert browser.send(f"{LIST}/search", {"q": ""}).location == LIST


# --- making -----------------------------------------------------------------------------------------------------------


def test_a_new_officer_signs_in_with_the_slip_and_has_to_choose_a_password(browser, another_browser, make):
    manager = make.staff(Role.MANAGER, COUNTY, name="赵主管")
    browser.sign_in(manager).open(f"{LIST}/new")
    slip = browser.send(f"{LIST}/new", NEW | {"id_number": id_number(901)}, expect=200).text
    password, secret = shown(slip, "初始密码"), shown_secret(slip)
    assert 'src="data:image/svg+xml' in slip
    row = db.session.scalars(select(Staff).where(Staff.username == "sun.shen")).one()
    assert (row.totp_secret, row.id_index) == (secret, applicants.number_index(id_number(901)))
    assert password not in browser.open(path(row)).text

    signed = sign_in(another_browser, row, password=password, code=code(secret=secret))
    assert another_browser.open(signed.location, expect=302).location == "/staff/account"
    assert "请先设置自己的登录密码" in another_browser.open("/staff/account").text
    assert another_browser.send("/staff/counter", {"number": id_number(902)}).location == "/staff/account"
    same = {"current": password, "password": password, "confirm": password}
    assert "与原密码不同" in another_browser.send("/staff/account", same, expect=422).text
    another_browser.send("/staff/account", same | {"password": OWN_PASSWORD, "confirm": OWN_PASSWORD})
    another_browser.open("/staff/queue")
    assert "最近登录" in browser.open(path(row)).text
    assert fresh(row).last_sign_in_at
    told = db.session.scalars(select(Event).where(Event.verb == "staff_create")).one()
    assert (told.staff_id, told.department_id) == (manager.id, manager.department_id)
    assert told.detail == f"staff {row.uid} as reviewer at {COUNTY}"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"username": "Sun Shen"}, "用户名应为"),
        ({"username": "taken"}, "用户名 taken 已存在"),
        ({"name": "1"}, "姓名"),
        ({"id_number": "219900199003070011"}, "校验"),
        ({"department": ""}, "请选择部门"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_made(browser, make, changed, message):
    taken = make.staff()
    taken.username = "taken"
    db.session.commit()
    browser.sign_in(make.staff(Role.SYSTEM, "210000"))
    assert message in browser.send(f"{LIST}/new", NEW | changed, expect=422).text
    assert verbs() == []


# --- what an officer held ---------------------------------------------------------------------------------------------


def change_away(browser, row: Staff, how: str) -> str:
    if how == "disabled":
        return browser.follow(browser.send(path(row, "active"), {"action": "disable"})).text
    return browser.follow(browser.send(path(row, "move"), {"role": "reviewer", "department": "210103"})).text


@pytest.mark.parametrize("how", ["disabled", "moved"])
def test_what_an_officer_held_is_in_the_queue_at_once(browser, another_browser, make, how):
    row, colleague = make.staff(), make.staff(name="李审核")
    held, lapsed, proposed = (make.declaration(Status.IN_REVIEW, officer=row) for _ in range(3))
    offered = make.declaration(Status.IN_REVIEW, officer=row)
    others = make.declaration(Status.IN_REVIEW, officer=colleague)
    make.mark(held, "postal_address", reviewer=make.actor(row))
    make.lapsed(lapsed)
    workflow.transfers.propose(proposed, make.actor(row), proposed.revisions[-1], id_checked=True)
    workflow.offer(offered, make.actor(row), 1, make.department(OTHER), "属地在那里")
    db.session.commit()
    another_browser.sign_in(row).open("/staff/queue")

    said = change_away(browser.sign_in(make.staff(Role.MANAGER, CITY)), row, how)

    assert "3 份申报已放回待审核" in said
    assert another_browser.open("/staff/queue", expect=302).location == "/staff/login"
    for declaration in (held, lapsed, proposed):
        assert db.session.get_one(Declaration, declaration.id).status == Status.SUBMITTED
    for declaration in (offered, others):
        assert db.session.get_one(Declaration, declaration.id).status == Status.IN_REVIEW
    assert list(db.session.scalars(select(Claim.staff_id))) == [colleague.id]
    assert db.session.scalars(select(SecondLook)).one().agreed is False
    another_browser.sign_in(colleague)
    queue = another_browser.open("/staff/queue").text
    assert all(one.number in queue for one in (held, lapsed, proposed))
    for declaration in (held, lapsed, proposed):
        another_browser.send(f"/staff/submissions/{declaration.uid}/claim")
    assert db.session.scalars(select(Mark)).one().revision_id == held.revisions[-1].id
    assert "通讯地址" in another_browser.open(f"/staff/submissions/{held.uid}").text


def test_an_office_keeps_what_its_officer_did_before_moving(browser, make):
    row = make.staff()
    declaration = make.declaration(Status.APPROVED, officer=row)
    browser.sign_in(make.staff(Role.MANAGER, CITY)).send(
        path(row, "move"), {"role": "reviewer", "department": "210103"}
    )
    page = browser.sign_in(declaration.account).open("/account").text + browser.open("/apply/status").text
    assert "沈阳市和平区财政局" in page
    assert "沈阳市沈河区财政局" not in page


# --- help -------------------------------------------------------------------------------------------------------------


def test_a_disabled_officer_is_kept_out_until_enabled(browser, another_browser, make):
    row = make.staff()
    browser.sign_in(make.staff(Role.MANAGER, COUNTY)).send(path(row, "active"), {"action": "disable"})
    sign_in(another_browser, row, 422)
    browser.send(path(row, "active"), {"action": "enable"})
    sign_in(another_browser, row, code=code(30))
    assert verbs() == ["staff_disable", "staff_enable", "staff_sign_in"]


def test_a_manager_gives_a_new_first_password_and_learns_no_second_factor(browser, another_browser, make):
    row = make.staff()
    before = row.totp_secret
    slip = browser.sign_in(make.staff(Role.MANAGER, COUNTY)).send(path(row, "password"), expect=200).text
    assert ("密钥" in slip, fresh(row).totp_secret) == (False, before)
    sign_in(another_browser, row, 422)
    sign_in(another_browser, row, password=shown(slip, "初始密码"), code=code(30))
    assert another_browser.open("/staff/queue", expect=302).location == "/staff/account"


def test_the_security_administrator_helps_and_learns_no_password(browser, another_browser, make):
    row = make.staff()
    for _try in range(5):
        sign_in(another_browser, row, 422, password="wrong")
    sign_in(another_browser, row, 429)
    security = browser.sign_in(make.staff(Role.SECURITY, "210000"))
    assert "5 次" in shown(security.open(path(row)).text, "登录失败")
    security.send(path(row, "unlock"))
    assert throttle.failures(throttle.STAFF_SIGN_IN.person, row.username) == 0
    assert (db.session.scalar(select(func.count()).select_from(Attempt)) or 0) > 5
    slip = security.send(path(row, "totp"), expect=200).text
    assert "初始密码" not in slip
    sign_in(another_browser, row, code=code(secret=shown_secret(slip)))
    assert "现在登录的设备" in security.open(path(row)).text
    security.send(path(row, "sessions"))
    assert another_browser.open("/staff/queue", expect=302).location == "/staff/login"
    assert verbs() == ["staff_unlock", "staff_reset_totp", "staff_sign_in", "staff_end_sessions"]


def test_the_commands_list_move_enable_and_unlock(app, make):
    flask, row = runner(app), make.staff()
    make.declaration(Status.IN_REVIEW, officer=row)
    assert "放回待办的申报：1 份" in flask("staff", "disable", row.username)[1]
    assert flask("staff", "enable", row.username)[0] == 0
    assert flask("staff", "unlock", row.username)[0] == 0
    moved = flask("staff", "move", row.username, "--role", "auditor", "--department", "210000")[1]
    assert "现在是 210000 的审计管理员（auditor）" in moved
    status, _said, error = flask("staff", "move", row.username)
    assert (status, "没有变化" in error) == (1, True)
    lines = flask("staff", "list", "--department", "210000")[1].splitlines()
    assert [line.split("\t")[:4] for line in lines if row.username in line] == [
        [row.username, "auditor", "210000", "在用"]
    ]
    assert flask("staff", "list", "--department", COUNTY)[1] == ""
