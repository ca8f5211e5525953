"""工作日历: the yearly notice is pasted in, looked at, entered; open due dates follow it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlalchemy import delete, select

from lib.codes import Role, Status
from models import CalendarDay, Declaration, Event, InboxMessage, QueueCount, QueueItem, db
from services.declaration import deadlines
from services.departments.reference_data import load_reference_data
from services.departments.snapshot import DATA
from services.workflow import due_dates
from tests.support.site.command_line import runner

PAGE = "/staff/admin/calendar"
NOTICE = """关于2027年部分节假日安排的通知
一、元旦：1月1日（周五）至3日（周日）放假，共3天。
二、春节：2月5日（农历腊月二十九、周五）至13日（周六）放假调休，共9天。2月14日（周日）、2月20日（周六）上班。
三、清明节：4月3日（周六）至5日（周一）放假，共3天。
四、劳动节：5月1日（周六）至5日（周三）放假调休，共5天。4月25日（周日）、5月8日（周六）上班。
五、端午节：6月9日（周三）放假1天，不调休。
六、中秋节：9月15日（周三）至17日（周五）放假调休，共3天。9月11日（周六）、12日（周日）上班。
七、国庆节：10月1日（周五）至7日（周四）放假调休，共7天。9月26日（周日）、10月9日（周六）上班。"""
#: The same with a bridge day: ten working days from 2026-12-21 end a day later.
LONGER = NOTICE.replace("1月1日（周五）至3日（周日）放假，共3天", "1月1日（周五）至4日（周一）放假调休，共4天")
SUBMITTED_AT = datetime(2026, 12, 21, 2, tzinfo=UTC)


@pytest.fixture
def system(client, make):
    return client.sign_in(make.staff(Role.SYSTEM, "210000"))


@pytest.fixture
def waiting(make):
    with time_machine.travel(SUBMITTED_AT):
        yield make.declaration(Status.SUBMITTED)


def stored(declaration: Declaration) -> tuple[date | None, bool]:
    db.session.expire_all()
    return declaration.due_on, declaration.due_estimated


def messages() -> Sequence[str]:
    return db.session.scalars(select(InboxMessage.body).where(InboxMessage.title == "审核期限有变化")).all()


def test_a_pasted_notice_is_shown_first_and_entered_when_it_is_confirmed(system):
    page = system.send(PAGE + "/notice", {"text": NOTICE, "source": "样例〔2026〕1号"}, expect=200)

    assert "核对 2027 年的放假安排" in page.text
    assert "2027-02-14（周日）" in page.text
    assert "没有正在审核的申报因此改变期限" in page.text
    assert 2027 not in deadlines.calendar().known_years
    db.session.rollback()

    shown = system.follow(
        system.send(PAGE + "/notice", {"text": NOTICE, "source": "样例〔2026〕1号", "action": "adopt"})
    )

    assert "已按通知" in shown.text
    assert "样例〔2026〕1号" in shown.text
    found = deadlines.calendar()
    assert 2027 in found.known_years
    assert found.kinds[date(2027, 2, 14)] == "workday"
    assert date(2027, 4, 5) in found.kinds
    assert db.session.scalars(select(Event.detail).where(Event.verb == "calendar")).all() == ["notice of 2027: 28 days"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "请填写通知全文"),
        ("放假了", "没有找到年份"),
        (NOTICE.replace("2027", "2026"), "请核对年份和日期"),
        (NOTICE + "长" * 5000, "通知全文最多 5000 个字"),
    ],
)
def test_a_notice_that_cannot_be_right_is_refused_and_kept_in_the_field(system, text, problem):
    page = system.send(PAGE + "/notice", {"text": text, "action": "adopt"}, expect=422)

    assert problem in page.text
    assert text in page.text
    assert 2027 not in deadlines.calendar().known_years


def test_open_due_dates_follow_the_notice_and_their_owners_are_told(waiting, system):
    assert stored(waiting) == (date(2027, 1, 5), True)
    assert "1 件正在审核的申报期限会改变" in system.send(PAGE + "/notice", {"text": LONGER}, expect=200).text
    system.send(PAGE + "/notice", {"text": LONGER, "action": "adopt"})

    assert due_dates.reckon_again() == 1
    db.session.commit()

    assert stored(waiting) == (date(2027, 1, 6), False)
    item = db.session.scalars(select(QueueItem)).one()
    assert (item.due_on, item.due_estimated) == stored(waiting)
    assert set(db.session.scalars(select(QueueCount.due_on).where(QueueCount.n > 0))) == {date(2027, 1, 6)}
    assert messages() == [f"工作日历已按放假通知更新，您的申报 {waiting.number} 的审核期限改为 2027-01-06。"]
    assert due_dates.reckon_again() == 0


def test_a_date_that_stays_becomes_certain_without_a_message(waiting, system):
    system.send(PAGE + "/notice", {"text": NOTICE, "action": "adopt"})

    assert due_dates.reckon_again() == 1

    assert stored(waiting) == (date(2027, 1, 5), False)
    assert messages() == []


def test_nobody_is_late_because_a_day_became_a_working_day(waiting, system):
    system.send(PAGE + "/day", {"day": "2026-12-26", "kind": "workday", "basis": "省里通知"})

    with time_machine.travel(datetime(2027, 1, 5, 2, tzinfo=UTC)):
        due_dates.reckon_again()

    assert stored(waiting)[0] == date(2027, 1, 5), "it would have been the day before"


def test_many_due_dates_are_reckoned_a_part_at_a_time(waiting, system, make, monkeypatch):
    monkeypatch.setattr(due_dates, "AT_ONCE", 1)
    others = [make.declaration(Status.SUBMITTED) for _ in range(2)]
    system.send(PAGE + "/notice", {"text": LONGER, "action": "adopt"})

    assert [due_dates.reckon_again() for _ in range(4)] == [1, 1, 1, 0]
    assert {stored(one)[0] for one in (waiting, *others)} == {date(2027, 1, 6)}


def test_a_single_day_is_set_and_given_back_to_the_week(system):
    day = date(2026, 12, 30)
    system.send(PAGE + "/day", {"day": "2026-12-30", "kind": "holiday", "basis": "省里通知"}, expect=302)
    assert deadlines.calendar().kinds[day] == "holiday"
    db.session.rollback()

    system.send(PAGE + "/day", {"day": "2026-12-30", "kind": "week", "basis": "收回"}, expect=302)
    assert day not in deadlines.calendar().kinds
    assert "请按 2026-11-23 的样子填写日期" in system.send(PAGE + "/day", {"day": "30日"}, expect=422).text


def test_the_command_enters_a_notice_and_reckons_at_once(app, waiting):
    run = runner(app)
    status, told, _errors = run("calendar", "import", "-", "--dry-run", stdin=LONGER)
    assert (status, told.splitlines()[-1]) == (0, "有 1 个期限会改变；这次没有保存")

    status, told, _errors = run("calendar", "import", "-", "--source", "样例〔2026〕1号", stdin=LONGER)
    assert (status, told.splitlines()[-1]) == (0, "已录入 2027 年的工作日历；1 个期限随之改变")
    assert stored(waiting) == (date(2027, 1, 6), False)

    status, _told, errors = run("calendar", "import", "-", stdin="放假了")
    assert status == 1
    assert "没有找到年份" in errors


def test_loading_the_lists_again_adds_days_by_law_only_where_no_notice_is_known(system):
    system.send(
        PAGE + "/notice",
        {"text": NOTICE.replace("五、端午节：6月9日（周三）", "五、端午节：6月10日（周四）"), "action": "adopt"},
    )
    db.session.execute(delete(CalendarDay).where(CalendarDay.day == date(2028, 1, 3)))

    load_reference_data(DATA)

    kinds = deadlines.calendar().kinds
    assert kinds[date(2028, 1, 3)] == "holiday"
    assert date(2027, 6, 9) not in kinds
