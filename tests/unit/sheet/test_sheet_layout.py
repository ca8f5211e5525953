"""Cells find their place by themselves; what does not fit moves, and nothing is forgotten."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.codes import AgreedKind
from lib.pdf import fonts
from lib.pdf.canvas import MM
from services.sheet import layout as sheet_layout
from services.sheet import pdf as sheet_pdf
from services.sheet.boxes import PADDING, Box, Style
from services.sheet.labels import label_fitted, label_lines
from services.sheet.layout import CONTENT_WIDTH, PHOTO_WIDTH, TABLE_HEIGHT, SheetLayout
from services.sheet.packing import pack
from services.sheet.pdf import Block, Cell, SheetData, Table
from services.site import agreed_texts
from tests.support.applicant import sheet_samples as samples

SPANS = st.lists(st.sampled_from([2, 3, 4, 6]), min_size=1, max_size=25)


def values(plan: SheetLayout) -> list[str]:
    return [box.text for section in plan.sections for row in section.rows for box in row.boxes if box.text]


def rows(plan: SheetLayout, section: int) -> list[list[Box]]:
    return [list(row.boxes) for row in plan.sections[section].rows]


def height(plan: SheetLayout) -> float:
    return sum(sum(section.heights) for section in plan.sections) + plan.promise_height + plan.bottom_height


# --- packing ----------------------------------------------------------------------------------------------------------


@given(SPANS)
def test_cells_keep_their_order_and_fill_their_rows(spans: list[int]) -> None:
    packed = pack([spans])

    assert [index for row in packed for index, _span in row] == list(range(len(spans)))
    assert all(sum(span for _index, span in row) == 6 for row in packed)
    assert all(span >= spans[index] for row in packed for index, span in row)


@given(SPANS)
def test_no_way_to_pack_needs_fewer_rows(spans: list[int]) -> None:
    greedy, room = 0, 0
    for span in spans:  # filling each row before the next one is optimal in their number
        if span > room:
            greedy, room = greedy + 1, 6
        room -= span
    assert len(pack([spans])) == len(pack([spans], stretch=False)) == greedy


def test_rows_are_even_rather_than_full_and_bare() -> None:
    assert pack([[2, 2, 2, 2]]) == [[(0, 3), (1, 3)], [(2, 3), (3, 3)]]


def test_columns_of_names_fill_from_the_top() -> None:
    assert pack([[2, 2, 2, 2]], stretch=False) == [[(0, 2), (1, 2), (2, 2)], [(3, 2)]]


def test_a_row_beside_the_photo_counts_its_own_spans() -> None:
    assert pack([[6, 6, 6], [2, 2, 2]]) == [[(0, 6)], [(1, 3), (2, 3)]]


def test_nothing_packs_into_nothing() -> None:
    assert pack([[]]) == []


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        ("统一社会信用代码", ("统一社会", "信用代码")),
        ("从事会计工作起始年月", ("从事会计工作", "起始年月")),
        ("是否有非全日制学历", ("是否有", "非全日制学历")),
        ("单位所在街道(乡镇)", ("单位所在街道", "(乡镇)")),
        ("会计岗\n位", ("会计岗", "位")),
        ("姓", ("姓",)),
        ("", ("",)),
    ],
)
def test_labels_break_between_words(label: str, lines: tuple[str, ...]) -> None:
    assert label_lines(label) == lines


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("promise", [1, agreed_texts.LONGEST_PROMISE])
@pytest.mark.parametrize("data", [samples.employed(), samples.unemployed(), samples.minimal()])
def test_an_ordinary_sheet_fits_on_one_page(data: SheetData, promise: int) -> None:
    text = replace(agreed_texts.FIRST[AgreedKind.COMMITMENT], version="2026-99", promise="诺" * promise)
    plan = sheet_layout.plan_layout(replace(data, promise=agreed_texts.as_printed(text)))

    assert plan.moved == []
    assert height(plan) <= TABLE_HEIGHT + 0.01
    shown = iter(values(plan))
    assert all(cell.text in shown for block in data.blocks for cell in block.cells)  # in the order of the form


def test_the_looser_type_is_used_where_there_is_room() -> None:
    assert sheet_layout.plan_layout(samples.minimal()).level is sheet_layout.LEVELS[0]
    assert sheet_layout.plan_layout(samples.long_texts()).level is not sheet_layout.LEVELS[0]


def test_the_first_five_rows_leave_room_for_the_photo() -> None:
    plan = sheet_layout.plan_layout(samples.employed())

    ends = [row[-1].left + row[-1].width for row in rows(plan, 0)]
    assert ends[:5] == pytest.approx([CONTENT_WIDTH - PHOTO_WIDTH] * 5)
    assert ends[5:] == pytest.approx([CONTENT_WIDTH] * (len(ends) - 5))
    assert sum(plan.sections[0].heights[:5]) >= 32 * MM


def test_a_new_question_finds_its_place() -> None:
    data = samples.employed()
    before = sheet_layout.plan_layout(data)
    first = data.blocks[0]
    cells = (*first.cells[:4], Cell("一个新问题", "新的答案"), *first.cells[4:])

    plan = sheet_layout.plan_layout(replace(data, blocks=(replace(first, cells=cells), *data.blocks[1:])))

    assert plan.moved == []
    assert set(values(plan)) - set(values(before)) == {"新的答案"}


def test_a_hint_widens_a_cell_and_a_long_answer_widens_it_more() -> None:
    cells = (Cell("通讯地址", "短", 6), Cell("甲", "乙"), Cell("单位", "沈阳市盛京精密机械制造有限责任公司第二分公司"))
    data = replace(samples.minimal(), blocks=(Block("一", "一", (cells[1],)), Block("二", "二", cells)))

    assert [len(row) // 2 for row in rows(sheet_layout.plan_layout(data), 1)] == [1, 2]


def test_on_a_full_page_hints_give_way_before_anything_moves() -> None:
    many = tuple(Cell(f"问题{n}", f"答{n}", 6) for n in range(50))
    data = replace(samples.employed(), blocks=(Block("多", "多", many),), papers=())

    plan = sheet_layout.plan_layout(data)

    assert plan.moved == []
    assert plan.level.hint < 6


def test_long_texts_move_and_say_so() -> None:
    plan = sheet_layout.plan_layout(samples.long_texts())

    assert [entry.label for entry in plan.moved] == ["采集类别", "会计工作岗位"]
    assert values(plan).count("见续页") == 2
    assert height(plan) <= TABLE_HEIGHT + 0.01


@pytest.mark.parametrize("count", [40, 150])
def test_too_many_questions_move_with_their_labels(count: int) -> None:
    many = tuple(Cell(f"问题{n}", f"答{n}") for n in range(count))
    data = replace(samples.employed(), blocks=(samples.person(), Block("多", "多", many)))

    plan = sheet_layout.plan_layout(data)

    there = set(values(plan))
    moved = {entry.text for entry in plan.moved if entry.dropped}
    assert {cell.text for cell in many} == (there | moved) & {cell.text for cell in many}
    assert there.isdisjoint(moved)
    assert height(plan) <= TABLE_HEIGHT + 0.01


def test_a_table_longer_than_the_page_moves_its_last_rows() -> None:
    table = Table(("类别", "学校"), tuple((f"第{n}", f"校{n}") for n in range(80)), (1, 3))
    data = replace(samples.employed(), blocks=(Block("学历", "学历", (), (table,)),), papers=())

    plan = sheet_layout.plan_layout(data)

    first_moved = plan.moved[0]
    assert first_moved.text.startswith("第")
    assert [entry.text for entry in plan.moved][-2:] == ["第79", "校79"]
    assert plan.moved[1].label == f"{first_moved.text} 学校"
    assert height(plan) <= TABLE_HEIGHT + 0.01


def test_columns_with_room_give_to_those_that_need_it() -> None:
    table = Table(("类别", "编号", "学校"), (("全日制", "101731201205001234", "辽宁大学"),), (1, 1, 8))
    data = replace(samples.minimal(), blocks=(Block("学历", "学历", (), (table,)),))

    _kind, code, school = rows(sheet_layout.plan_layout(data), 0)[1]

    assert code.width - 2 * PADDING == pytest.approx(fonts.width(code.text, 8))
    assert code.width > CONTENT_WIDTH / 10
    assert school.left + school.width == pytest.approx(CONTENT_WIDTH)


def test_columns_keep_their_widths_where_all_is_well() -> None:
    table = Table(("类别", "学校"), (("全日制", "辽宁大学"),), (1, 3))
    data = replace(samples.minimal(), blocks=(Block("学历", "学历", (), (table,)),))

    assert [box.width for box in rows(sheet_layout.plan_layout(data), 0)[1]] == pytest.approx(
        [CONTENT_WIDTH / 4, CONTENT_WIDTH * 3 / 4]
    )


def test_a_table_that_no_row_is_left_of_disappears_with_its_header() -> None:
    table = Table(("类别", "学校"), (("全日制", "辽宁大学"),), (1, 1))
    part = sheet_layout._part(Block("学历", "学历", (Cell("甲", "乙"),), (table,)), has_photo=False)
    for entry in part.tables[0][1][0]:
        entry.dropped = True

    section = sheet_layout._section(part, sheet_layout.LEVELS[0])

    assert [box.style for row in section.rows for box in row.boxes] == [Style.LABEL, Style.VALUE]


def test_a_sheet_of_nothing_still_has_its_promise() -> None:
    data = replace(samples.minimal(), blocks=(), papers=())
    plan = sheet_layout.plan_layout(data)

    assert plan.sections == []
    assert "".join(plan.promise) == f"　　{data.promise}"


def test_a_label_too_long_for_two_lines_gets_more() -> None:
    fitted = label_fitted("一个非常非常长的问题标签它需要很多很多行才能完整地显示出来", 60, 9)
    assert len(fitted.lines) > 2
    assert "".join(fitted.lines) == "一个非常非常长的问题标签它需要很多很多行才能完整地显示出来"


# --- continuation pages -----------------------------------------------------------------------------------------------


def test_continuation_pages_hold_every_character() -> None:
    text = "".join(f"{n}号、" for n in range(3000))
    entries = [sheet_layout.Entry("个人信息", "通讯地址", text), sheet_layout.Entry("个人信息", "备\n注", "短")]

    pages = sheet_pdf.paginate(entries)

    pieces = [piece for page in pages for piece in page]
    assert "".join(line for piece in pieces[:-1] for line in piece.lines) == text
    assert (pieces[0].label, pieces[1].label) == ("个人信息 通讯地址", "个人信息 通讯地址（续）")
    assert (pieces[-1].label, pieces[-1].lines) == ("个人信息 备注", ("短",))
    assert all(sum(piece.height for piece in page) <= sheet_pdf.ROOM for page in pages)
