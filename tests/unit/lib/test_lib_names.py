"""Typed text and names: one spelling on the way in, refusals that name the character."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.names import (
    MOST_INITIALS,
    initials,
    name_problem,
    normalise_lines,
    normalise_name,
    normalise_text,
    text_problem,
)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  沈阳市\u3000\u3000和平区 ", "沈阳市 和平区"),
        ("１２３ＡＢｚ", "123ABz"),
        ("e\u0301", "é"),
        ("Ａ\u0301", "Á"),
        ("\t张三\r\n", "张三"),
        ("张\u00a0\u2003三", "张 三"),
        ("张\u0000三", "张\u0000三"),
        ("甲\n\t乙\u2028丙\r\n", "甲 乙 丙"),
        ("\u2068甲\u2069\u200d乙\ufeff", "甲乙"),
        ("\u061c甲\u206a\u180e乙", "甲乙"),
        ("⻢⾺⻰⻳⺟", "马馬龙龟母"),
        ("", ""),
    ],
)
def test_text_is_made_uniform_and_nothing_unprintable_is_hidden(typed: str, kept: str) -> None:
    assert normalise_text(typed) == kept


@settings(deadline=None)
@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise_text(text)
    assert normalise_text(once) == once
    assert unicodedata.is_normalized("NFC", once)
    name = normalise_name(text)
    assert normalise_name(name) == name


def test_every_radical_becomes_the_character_that_looks_the_same() -> None:
    assigned = [chr(code) for code in range(0x2E81, 0x2FD6) if unicodedata.category(chr(code)) == "So"]
    folded = [normalise_text(character) for character in assigned]
    assert len(assigned) == 114 + 214
    assert all(normalise_name(name) == name and name_problem(name * 2) is None for name in folded)
    by_unicode = [unicodedata.normalize("NFKC", character) for character in assigned]
    assert sum(ours == theirs for ours, theirs in zip(folded, by_unicode, strict=True)) == 2 + 214
    assert not set(folded) & set(assigned)


def test_lines_stay_lines_where_several_are_asked_for() -> None:
    assert normalise_lines(" 第一行\u202c\r\n第二⾏ \n") == "第一行\r\n第二行"


@pytest.mark.parametrize("dot", "·•‧・･．∙⋅᛫\u0387")
def test_every_middle_dot_becomes_one(dot: str) -> None:
    assert normalise_name(f" 阿卜杜拉 {dot} 买买提") == "阿卜杜拉·买买提"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("阿卜杜拉.买买提", "阿卜杜拉·买买提"),
        ("张 三", "张三"),
        ("·张三·", "张三"),
        ("J. Smith", "J. Smith"),
        ("Ｏ’Neil－Ｌｅｅ", "O'Neil-Lee"),
        ("⽅⽂", "方文"),
        ("⻢⼩⻰", "马小龙"),
        ("阿卜杜拉··买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉..买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉.·买买提", "阿卜杜拉·买买提"),
        ("\u202d张\u200b三\u202c", "张三"),
        ("张\t三", "张三"),
        ("张\ue863", "张䶮"),
        ("张\ue831", "张𡗗"),
    ],
)
def test_a_name_has_one_spelling(typed: str, kept: str) -> None:
    assert normalise_name(typed) == kept


def test_private_code_points_of_gbk_become_what_the_codec_and_the_standard_say() -> None:
    seconds = [second for second in range(0x50, 0xA1) if second != 0x7F]
    told = 0
    for position, second in enumerate(seconds):
        by_codec = bytes((0xFE, second)).decode("gb18030")
        ours = normalise_name(chr(0xE815 + position))
        assert unicodedata.category(ours) != "Co"
        if unicodedata.category(by_codec) != "Co":
            assert ours == normalise_name(by_codec)  # some are radicals
            told += 1
    assert told == 66


@pytest.mark.parametrize(
    "name",
    [
        "张三",
        "张䶮",
        "㛃晨",
        "李𬭎",
        "李𤰉",
        "阿卜杜拉·买买提",
        "武〇",
        "John Smith Jr.",
        "O'Neil-Müller",
        "﨑田",
        "王\U00020000",  # first of extension B
        "王\U0002a6df",
        "王\U0002ebf0",  # extension I, unknown to Python 3.11
        "王\U000323af",  # last of extension H
        "王\U000323b0",  # extension J
        "王" * 50,
    ],
)
def test_a_name_of_any_character_that_people_have_is_taken(name: str) -> None:
    assert name_problem(normalise_name(name)) is None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "请填写姓名"),
        ("··", "请填写姓名"),
        ("-.", "请填写姓名"),
        ("王", "姓名应为 2 至 50 个字，现在是 1 个字，请核对"),
        ("王" * 51, "姓名应为 2 至 50 个字，现在是 51 个字，请核对"),
        ("张3", "姓名里不能有数字「3」，请删去"),
        ("张²", "姓名里不能有数字「²」，请删去"),
        ("张@三", "姓名里不能有「@」，请只填写汉字、字母和间隔号「·」"),
        ("张,三", "姓名里不能有「,」，请只填写汉字、字母和间隔号「·」"),
        ("张\U0001f600", "姓名里不能有「\U0001f600」，请只填写汉字、字母和间隔号「·」"),
        ("Иван", "姓名里不能有「И」，请只填写汉字、字母和间隔号「·」"),
        ("张⺁", "姓名里不能有「⺁」，请只填写汉字、字母和间隔号「·」"),
        ("葛\U000e0100", "姓名里不能有(U+E0100)，请只填写汉字、字母和间隔号「·」"),
        ("张\x00三", "姓名里有看不见的控制字符(U+0000)，请删去后重新输入"),
        ("张\u202e三", "姓名里有看不见的控制字符(U+202E)，请删去后重新输入"),
        ("张\u200b三", "姓名里有看不见的控制字符(U+200B)，请删去后重新输入"),
        ("张\ue000", "姓名里有电脑自造的字(U+E000)，请换成国家标准里的字；打不出来请联系会计管理部门"),
        ("张\ud800", "姓名里有不完整的字符(U+D800)，请删去后重新输入"),
        ("张\uffff", "姓名里有不是文字的编码(U+FFFF)，请删去后重新输入"),
        ("张\ufdd0", "姓名里有不是文字的编码(U+FDD0)，请删去后重新输入"),
        ("张\u0378", "姓名里不能有(U+0378)，请只填写汉字、字母和间隔号「·」"),
    ],
)
def test_a_refused_name_says_why(name: str, says: str | None) -> None:
    assert name_problem(name) == says


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_verdict_is_always_a_sentence_or_none(text: str) -> None:
    problem = name_problem(normalise_name(text))
    assert problem is None or problem.startswith(("姓名", "请填写"))


@pytest.mark.parametrize(
    ("text", "multiline", "says"),
    [
        ("和平区三好街 1 号 甲@乙", False, None),
        ("甲\n乙\t丙", True, None),
        ("甲\n乙", False, "地址里有看不见的控制字符(U+000A)，请删去后重新输入"),
        ("甲\x07乙", True, "地址里有看不见的控制字符(U+0007)，请删去后重新输入"),
        ("甲\u2028乙", True, "地址里有看不见的控制字符(U+2028)，请删去后重新输入"),
        ("甲\U0002fffe", False, "地址里有不是文字的编码(U+2FFFE)，请删去后重新输入"),
    ],
)
def test_any_text_may_be_asked_for_what_cannot_be_kept(text: str, multiline: bool, says: str | None) -> None:
    assert text_problem(text, "地址", multiline=multiline) == says


@pytest.mark.parametrize(
    ("name", "some"),
    [
        ("单雄信", {"dxx", "sxx", "cxx"}),
        ("仇志强", {"czq", "qzq"}),
        ("解晓东", {"jxd", "xxd"}),
        ("区家慧", {"qjh", "ojh"}),
        ("曾翟", {"zz", "cz", "zd", "cd"}),
        ("盖丽娜", {"gln"}),
        ("谌会", {"sh", "ch"}),
        ("会明", {"gm", "hm", "km"}),
        ("呙费", {"gf", "wf", "kf"}),
        ("费谌", {"bc", "fc"}),
        ("John", {"john"}),
        ("Li 明", {"lim"}),
    ],
)
def test_initials_know_every_way_to_read_a_name(name: str, some: set[str]) -> None:
    assert some <= set(initials(name))


def test_initials_of_a_long_name_are_few_and_of_what_has_no_reading_none() -> None:
    assert len(initials("阿卜杜拉·买买提")) <= MOST_INITIALS
    assert all(len(one) == 7 for one in initials("阿卜杜拉·买买提"))
    assert initials("·") == initials("") == []


@settings(deadline=None)
@given(st.text(max_size=50))
def test_initials_are_lower_case_letters_whatever_the_text(name: str) -> None:
    found = initials(name)
    assert len(found) <= MOST_INITIALS
    assert all(one.isascii() and one.isalpha() and one == one.lower() for one in found)
