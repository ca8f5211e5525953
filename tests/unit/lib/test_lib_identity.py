"""Identity numbers, phones, employers' codes, passwords. The people are invented: region 2199xx, phones 1380013xxxx."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_2

from lib import identity
from lib.codes import IdType

TODAY = date(2026, 11, 23)


def number(region: str = "219901", born: str = "19850307", order: str = "001") -> str:
    """An 18-character number with its right check character."""
    body = region + born + order
    return body + mod_11_2.calc_check_digit(body)


def problem(id_type: str, typed: str) -> str | None:
    return identity.number_problem(id_type, identity.normalise_number(id_type, typed), TODAY)


# --- identity numbers -----------------------------------------------------------------------------------------------


def test_the_example_of_the_standard_is_right() -> None:
    assert problem("resident_id", "11010519491231002x") is None


@pytest.mark.parametrize("prefix", "11 15 21 23 31 37 41 46 50 54 61 65 71".split())
def test_every_province_is_known(prefix: str) -> None:
    assert problem(IdType.RESIDENT, number(prefix + "0000")) is None


def test_titles_of_the_six_types() -> None:
    assert IdType.choices()["hmt_residence"] == "港澳台居民居住证"
    assert list(IdType.choices()) == [
        "resident_id",
        "hk_macau_pass",
        "taiwan_pass",
        "hmt_residence",
        "foreign_pr",
        "passport",
    ]


@pytest.mark.parametrize("typed", [" 219901 19850307 001{} ", "２１９９０１１９８５０３０７００１{}"])
def test_spaces_and_full_width_digits_do_not_matter(typed: str) -> None:
    right = number()
    assert identity.normalise_number("resident_id", typed.format(right[-1].lower())) == right


def test_fifteen_old_digits_are_the_same_person() -> None:
    assert identity.normalise_number("resident_id", "219901850307001") == number()
    assert identity.sign_in_number(" 219901 850307 001") == number()


@pytest.mark.parametrize("typed", ["219901851307001", "919901850307001", "USA219985030701", "21990185030700²"])
def test_other_fifteen_characters_stay(typed: str) -> None:
    assert identity.sign_in_number(typed) == typed
    assert identity.normalise_number("foreign_pr", "219901850307001") == "219901850307001"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "请填写证件号码"),
        ("12345", "身份证号码应为 18 位，现在是 5 位，请核对"),
        ("2199011985030700", "身份证号码应为 18 位，现在是 16 位，请核对"),
        ("219901851307001", "这个 15 位的身份证号码无法换算成 18 位，请核对，或填写新证上的 18 位号码"),
        ("21990119850307O01X", "身份证号码只能是数字(最后一位可以是 X)，第 15 位是「O」，请核对"),
        ("X1990119850307001X", "身份证号码只能是数字(最后一位可以是 X)，第 1 位是「X」，请核对"),
        ("²19901198503070010", "身份证号码只能是数字(最后一位可以是 X)，第 1 位是「²」，请核对"),
        ("21990119850307001\x00", "身份证号码只能是数字(最后一位可以是 X)，第 18 位是(U+0000)，请核对"),
        (number("819901"), "81 开头的是港澳台居民居住证的号码，请改选证件类型"),
        (number("169901"), "身份证号码的前两位(16)不是任何省份的代码，请核对"),
        (number(born="19850230"), "身份证号码的第 7 至 14 位(19850230)不是真实的出生日期，请核对"),
        (number(born="20261124"), "身份证号码里的出生日期(2026-11-24)还没有到，请核对"),
        (
            number(born="20101124"),
            "按身份证号码里的出生日期(2010-11-24)还不满 16 周岁，请核对；年满 16 周岁后才能申报",
        ),
        (number(born="19251123"), "按身份证号码里的出生日期(1925-11-23)已超过 100 周岁，请核对"),
        (number()[:-1] + "0", "身份证号码的最后一位(校验码)不对，请逐位核对"),
    ],
)
def test_a_refused_resident_number_says_what_to_do(typed: str, says: str | None) -> None:
    assert problem("resident_id", typed) == says


@pytest.mark.parametrize("born", ["20101123", "19251124", "20040229"])
def test_sixteen_and_a_hundred_are_within(born: str) -> None:
    assert problem("resident_id", number(born=born)) is None


@settings(deadline=None)
@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(position: int, difference: int) -> None:
    right = number()
    wrong = right[:position] + str((int(right[position]) + difference) % 10) + right[position + 1 :]
    assert identity.number_problem("resident_id", wrong, TODAY)


@pytest.mark.parametrize(
    ("id_type", "typed", "says"),
    [
        ("hmt_residence", number("810000"), None),
        ("hmt_residence", number("830000"), None),
        ("hmt_residence", number(), "居住证号码应以 81、82 或 83 开头，现在是 21，请核对号码和证件类型"),
        ("foreign_pr", number("921840"), None),
        ("foreign_pr", "USA219985030701", None),
        ("hk_macau_pass", "h12345678", None),
        ("hk_macau_pass", "H1234567801", "通行证号码应为字母 H 或 M 加 8 位数字；旧证有 11 位的，请只填前 9 位"),
        ("taiwan_pass", "12345678", None),
        ("taiwan_pass", "1234567801", "通行证号码应为 8 位数字；旧证更长的，请只填前 8 位数字"),
        ("taiwan_pass", "1234567\u0664", "通行证号码应为 8 位数字；旧证更长的，请只填前 8 位数字"),
        ("passport", "e 1234567", None),
        ("passport", "PASSPORT", "护照号码应为 5 至 20 位字母和数字，请照护照资料页填写"),
        ("passport", "E12345678\n", None),  # a line break at the end is typing, and is dropped
        (
            "passport",
            number(),
            "这是 18 位的居民身份证或居住证号码，请在证件类型里选择相应的证件",
        ),
        ("passport", "E1234-567", "护照号码应为 5 至 20 位字母和数字，请照护照资料页填写"),
    ],
)
def test_the_other_types_have_their_own_rules(id_type: str, typed: str, says: str | None) -> None:
    assert problem(id_type, typed) == says


@pytest.mark.parametrize("typed", ["US1219985030701", "²SA219985030701", number()])
def test_a_foreigners_card_of_no_known_form_is_told_both_forms(typed: str) -> None:
    assert "9 开头的 18 位" in str(problem("foreign_pr", typed))


def test_a_foreigners_new_number_is_checked_like_a_residents() -> None:
    assert str(problem("foreign_pr", number("921840")[:-1] + "0")).endswith("(校验码)不对，请逐位核对")


def test_a_pattern_ends_where_the_text_ends() -> None:
    assert identity.number_problem("hk_macau_pass", "H12345678\n", TODAY)
    assert identity.number_problem("resident_id", number() + "\n", TODAY)


def test_sex_and_birth_date_are_read_from_the_number() -> None:
    assert identity.facts_from_number("resident_id", number(order="001")) == ("male", date(1985, 3, 7))
    assert identity.facts_from_number("hmt_residence", number("810000", order="002")) == ("female", date(1985, 3, 7))


@pytest.mark.parametrize(
    ("id_type", "value"),
    [
        ("passport", "E12345678"),
        ("foreign_pr", number("921840")),
        ("resident_id", "H12345678"),
        ("resident_id", number(born="19850230")),
        ("resident_id", number()[:-1] + "0"),
    ],
)
def test_no_facts_from_other_or_wrong_numbers(id_type: str, value: str) -> None:
    assert identity.facts_from_number(id_type, value) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (number(), "219*************" + number()[-2:]),
        ("H12345678", "H******78"),
        ("12345678", "1*****78"),
        ("E1234", "*****"),
        ("", ""),
    ],
)
def test_a_masked_number_keeps_its_length_and_little_else(value: str, shown: str) -> None:
    assert identity.mask_number(value) == shown


# --- phones ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "138 0013 8000",
        "１３８００１３８０００",
        "+86 138-0013-8000",
        "008613800138000",
        "(138)00138000",
        "＋8613800138000",
    ],
)
def test_a_mobile_number_may_be_typed_in_many_ways(typed: str) -> None:
    assert identity.normalise_phone(typed) == "13800138000"
    assert identity.phone_problem("13800138000") is None


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "请填写手机号码"),
        ("1380013800", "手机号码应为 11 位数字，现在是 10 位，请核对"),
        ("12800138000", "手机号码应以 13 至 19 开头，现在是 12 开头，请核对"),
        ("1380013800o", "号码里有字母「O」，请只填写数字"),
        ("1380013800零", "号码里有数字以外的字符「零」，请只填写数字"),
        ("1380013800²", "号码里有数字以外的字符「²」，请只填写数字"),
    ],
)
def test_a_refused_mobile_number_says_what_was_found(typed: str, says: str | None) -> None:
    assert identity.phone_problem(identity.normalise_phone(typed)) == says


def test_marks_of_a_phones_contacts_are_dropped_from_every_number() -> None:
    assert identity.normalise_phone("\u202d138 0013 8000\u202c") == "13800138000"
    assert identity.normalise_number("passport", "\u2068e1234567\u2069") == "E1234567"
    assert identity.sign_in_number("\u200e21990219900307731x\ufeff") == "21990219900307731X"
    assert identity.normalise_uscc("\u200e91219902MA0\u200bXXXXXX5\u202c") == "91219902MA0XXXXXX5"


@pytest.mark.parametrize("typed", ["wang@163。com", " wang ＠ 163．ＣＯＭ", "\u202dwang@163｡Com\u202c", "wang@163.com"])
def test_an_email_address_has_one_spelling(typed: str) -> None:
    assert identity.normalise_email(typed) == "wang@163.com"


def test_a_newline_does_not_slip_through() -> None:
    assert identity.phone_problem("13800138000\n")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("138-0013-8000", "13800138000"),
        ("1380013-8000", "13800138000"),
        ("02486123456", "024-86123456"),
        ("(024)86123456", "024-86123456"),
        ("（024）8612－3456", "024-86123456"),
        ("+86 0411 8612345", "0411-8612345"),
        ("024-86123456转801", "024-86123456-801"),
        ("024-86123456-801", "024-86123456-801"),
        ("024 86123456 ext. 801", "024-86123456-801"),
        ("010-86123456分机:8", "010-86123456-8"),
        ("+86-24-86123456", "024-86123456"),
        ("0086 10 86123456 转 8", "010-86123456-8"),
        ("\u202d(024)\u200e86123456\u202c", "024-86123456"),
        ("86-24-86123456", "024-86123456"),
        ("400 123 4567", "400-123-4567"),
        ("+86 400-123-4567", "400-123-4567"),
        ("4001234567-801", "400-123-4567-801"),
        ("800-810-8888转6", "800-810-8888-6"),
    ],
)
def test_a_fixed_line_gets_one_form(typed: str, kept: str) -> None:
    assert identity.normalise_any_phone(typed) == kept
    assert identity.normalise_any_phone(kept) == kept
    assert identity.any_phone_problem(kept) is None


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "请填写电话号码"),
        ("86123456", "固定电话前面请加上区号，例如 024-86123456"),
        ("86123456-801", "固定电话前面请加上区号，例如 024-86123456"),
        ("0248612", "请填写 11 位手机号码，或带区号的固定电话(例如 024-86123456)，现在是 7 位，请核对"),
        ("沈阳86123456", "号码里有数字以外的字符「沈」，请只填写数字"),
    ],
)
def test_a_refused_phone_says_what_to_do(typed: str, says: str | None) -> None:
    assert identity.any_phone_problem(identity.normalise_any_phone(typed)) == says


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("13800131234", "138****1234"),
        ("024-86123456", "024*****3456"),
        ("86123456", "******56"),
        ("12345", "*****"),
    ],
)
def test_a_masked_phone(value: str, shown: str) -> None:
    assert identity.mask_phone(value) == shown


# --- employers ------------------------------------------------------------------------------------------------------


def test_a_right_code() -> None:
    code = identity.normalise_uscc(" 91110000-600037341l ")
    assert code == "91110000600037341L"
    assert identity.uscc_problem(code) is None
    assert identity.uscc_check_ok(code)


def test_letters_among_the_first_places_are_genuine() -> None:
    body = "N2219900MF1234567"
    codes = [body + last for last in "0123456789ABCDEFGHJKLMNPQRTUWXY"]
    assert [identity.uscc_problem(code) for code in codes] == [None] * 31
    assert sum(identity.uscc_check_ok(code) for code in codes) == 1


@pytest.mark.parametrize("code", ["91110000600037341K", "9111000060003734OL", "", "91110000600037341L\n"])
def test_a_wrong_check_character_or_shape_is_not_ok(code: str) -> None:
    assert not identity.uscc_check_ok(code)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("", "请填写统一社会信用代码"),
        ("91110000600037341", "统一社会信用代码应为 18 位，现在是 17 位，请照证照核对"),
        ("9111OOOO600037341L", "统一社会信用代码里不会有「O」(第 5 位)，是不是数字 0？请照证照核对"),
        ("91110000600037341V", "统一社会信用代码里不会有「V」(第 18 位)，请照证照核对"),
        ("91110000600037341L\n", "统一社会信用代码里不会有(U+000A)(第 19 位)，请照证照核对"),
    ],
)
def test_a_refused_code_says_what_was_found(code: str, says: str | None) -> None:
    assert identity.uscc_problem(code) == says


# --- passwords ------------------------------------------------------------------------------------------------------

PERSON = {"name": "张小明", "number": number(), "phone": "13800138000"}
COMMON = frozenset({"woaini1314", "密码12345678"})


@pytest.mark.parametrize("password", ["correct horse", "会计人员的一个长密码", "        ", "x" * 64, "🐎" * 8])
def test_any_character_may_stand_in_a_password(password: str) -> None:
    assert identity.password_problem(password, common=COMMON, **PERSON) is None
    assert identity.password_problem(password, common=COMMON) is None


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "密码应为 8 至 64 个字符，现在是 5 个，请重新设置"),
        ("x" * 65, "密码应为 8 至 64 个字符，现在是 65 个，请重新设置"),
        ("WoAiNi1314", "这个密码太常见，容易被猜到，请换一个"),
        ("ｗｏａｉｎｉ1314", "这个密码太常见，容易被猜到，请换一个"),
        ("我是张小明123", "密码里不能包含您的姓名，请换一个"),
        ("a" + number().lower(), "密码里不能包含您的证件号码，请换一个"),
        ("pw" + number()[-6:].lower(), "密码里不能包含您的证件号码的后六位，请换一个"),
        ("abc13800138000", "密码里不能包含您的手机号码，请换一个"),
    ],
)
def test_a_password_that_others_guess_is_refused(password: str, says: str | None) -> None:
    assert identity.password_problem(password, common=COMMON, **PERSON) == says
