"""Reading the lists, and what the shipped ones hold."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from lib import csvlist
from lib.identity import password_problem

DATA = Path(__file__).parents[3] / "data"


def test_a_list_keeps_its_order_and_its_commas(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('\ufeffcode,title\r\nB,"乙, 丙"\r\nA,甲\r\n', encoding="utf-8", newline="")
    assert list(csvlist.load(path).items()) == [("B", "乙, 丙"), ("A", "甲")]


def test_plain_lines_are_folded_and_blank_ones_dropped(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("Password\n\nQQ123456\n", encoding="utf-8")
    assert csvlist.lines(path) == {"password", "qq123456"}


def test_nations() -> None:
    nations = csvlist.load(DATA / "nations.csv")
    assert list(nations.values())[:6] == ["汉族", "满族", "蒙古族", "回族", "朝鲜族", "锡伯族"]
    rest = list(nations)[6:]
    assert rest == sorted(rest)
    assert set(nations) == {f"{code:02d}" for code in range(1, 57)} | {"97", "98"}
    assert {nations[code] for code in ("01", "29", "56", "97")} == {"汉族", "柯尔克孜族", "基诺族", "其他(未识别民族)"}
    assert len(set(nations.values())) == 58


def test_industries() -> None:
    industries = csvlist.load(DATA / "industries.csv")
    assert "".join(industries) == "ABCDEFGHIJKLMNOPQRST"
    assert industries["J"] == "金融业"
    assert len(set(industries.values())) == 20


def test_countries() -> None:
    countries = csvlist.load(DATA / "countries.csv")
    assert list(countries.items())[:3] == [("HK", "中国香港"), ("MO", "中国澳门"), ("TW", "中国台湾")]
    assert "CN" not in countries
    assert len(countries) == 248  # ISO 3166-1 has 249
    assert len(set(countries.values())) == 248
    assert (countries["JP"], countries["US"], countries["RU"]) == ("日本", "美国", "俄罗斯")


def test_divisions_form_one_tree() -> None:
    divisions = list(csvlist.rows(DATA / "divisions.csv"))
    by_code = {row["code"]: row for row in divisions}
    assert len(by_code) == len(divisions)
    assert Counter(row["level"] for row in divisions) == {"province": 1, "city": 14, "county": 100, "street": 1406}
    above = {"street": "county", "county": "city", "city": "province"}
    for row in divisions:
        if row["level"] != "province":
            assert by_code[row["parent"]]["level"] == above[row["level"]], row


def test_the_calendar_lists_only_what_differs_from_the_week() -> None:
    days = list(csvlist.calendar_days(DATA / "calendar.csv"))
    assert days == sorted(set(days))
    assert {day.year for day, _kind, _source in days} == set(range(2024, 2036))
    assert all(kind == ("workday" if day.weekday() >= 5 else "holiday") for day, kind, _source in days)
    assert (date(2026, 10, 10), "workday", "chinese-calendar 1.11.0") in days
    assert {source for day, _kind, source in days if day.year > 2026} == {"statutory"}


@pytest.mark.parametrize(
    "password",
    [
        "12345678",
        "Password",
        "woaini1314",
        "a123456789",
        "QQ123456",
        "kuaiji123",
        "zhang123456",
        "88888888",
        "1qaz2wsx",
    ],
)
def test_what_people_type_first_is_refused(password: str) -> None:
    assert "太常见" in str(password_problem(password, common=csvlist.lines(DATA / "common_passwords.txt")))


def test_common_passwords_are_long_enough_to_matter() -> None:
    common = csvlist.lines(DATA / "common_passwords.txt")
    assert len(common) > 10_000
    assert min(map(len, common)) == 8
