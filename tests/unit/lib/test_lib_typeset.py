"""Chinese line breaking, and shrinking before wrapping."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.pdf import fonts, typeset

ADDRESS = "辽宁省沈阳市沈河区北站路138号恒信国际大厦B座1906室"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("张三", "张三"),
        ("张三\n李四\t王五\u2028赵六\u00a0", "张三 李四 王五 赵六 "),
        ("　　首行", "　　首行"),
        ("a\x00b\x1b[31m\x7f", "a□b□[31m□"),
        ("金额\u202e001\u200b\ufeff", "金额□001□□"),
        ("坏\ud800字", "坏□字"),
        ("\ue863\U000323af", "\ue863\U000323af"),
    ],
)
def test_nothing_invisible_gets_onto_paper(text: str, shown: str) -> None:
    assert typeset.printable(text) == shown


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("会计人员信息采集", 4, ["会计人员", "信息采集"]),
        ("会计人员，信息", 4, ["会计人", "员，信息"]),  # no comma at the beginning of a line
        ("会计人（员信息）", 4, ["会计人", "（员信", "息）"]),  # no bracket at the end of a line
        ("编号 AB-17210022 号", 7, ["编号", "AB-17210022", "号"]),
        ("签名＿＿＿＿＿日期", 6, ["签名", "＿＿＿＿＿日", "期"]),
        ("王·买买提", 3, ["王·买", "买提"]),
        ("会计 信息", 2, ["会计", "信息"]),
        ("　　会计", 3, ["　　会", "计"]),
        ("12345678901234567890", 3, ["12345", "67890", "12345", "67890"]),
        ("", 4, [""]),
        ("   ", 4, [""]),
        ("会计   ", 2, ["会计"]),
    ],
)
def test_lines_break_where_chinese_allows(text: str, room: float, lines: list[str]) -> None:
    assert typeset.wrap(text, room) == lines


@given(st.text(alphabet="会计，。（）《》·ab1 -＿𬭎䶮", max_size=60), st.floats(min_value=1.2, max_value=30))
def test_wrapping_loses_nothing_and_no_line_is_too_wide(text: str, room: float) -> None:
    lines = typeset.wrap(text, room)

    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(fonts.ems(line) <= room + typeset.TOLERANCE for line in lines)


def test_a_short_text_keeps_its_size() -> None:
    assert typeset.fit("张三", 100, 20, 10, 8) == typeset.Fitted(10, ("张三",))
    assert typeset.fit("", 100, 20, 10, 8) == typeset.Fitted(10, ("",))


def test_a_longer_text_shrinks_before_it_wraps() -> None:
    fitted = typeset.fit("沈阳市盛京精密机械", 80, 20, 10, 7)
    assert fitted == typeset.Fitted(8.75, ("沈阳市盛京精密机械",))


def test_a_long_text_wraps_in_the_largest_type_that_fits() -> None:
    fitted = typeset.fit(ADDRESS, 130, 24, 10, 7)
    assert fitted is not None
    assert len(fitted.lines) == 2
    assert 7 <= fitted.size < 10
    assert fitted.height <= 24


def test_a_code_shrinks_to_seven_points_rather_than_being_cut() -> None:
    assert typeset.fit("101731201205001234", 74, 20, 10, 8.5) == typeset.Fitted(7.5, ("101731201205001234",))


def test_a_code_too_long_for_that_is_cut() -> None:
    fitted = typeset.fit("A" * 40, 74, 60, 10, 8)
    assert fitted is not None
    assert fitted.size == 7
    assert len(fitted.lines) > 2


@pytest.mark.parametrize("text", [ADDRESS * 10, "<b>" * 5000])
def test_what_cannot_fit_is_said_and_not_forced(text: str) -> None:
    assert typeset.fit(text, 130, 24, 10, 7) is None


@given(
    st.text(alphabet="会计，（）ab1- ", max_size=80),
    st.floats(min_value=40, max_value=400),
    st.sampled_from([(10, 8), (9.5, 7.5), (9, 7), (8.5, 7)]),
)
def test_the_least_height_is_enough(text: str, width: float, sizes: tuple[float, float]) -> None:
    height = typeset.minimum_height(text, width, *sizes)
    assert typeset.fit(text, width, height, *sizes) is not None
