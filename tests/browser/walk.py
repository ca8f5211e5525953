"""The journey as people walk it: each function is one stretch, for any screen, with or without scripts."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import FilePayload, expect

from tests.browser.conftest import Visitor
from tests.support.factory import picture
from tests.support.people import GOOD_CODE, PASSWORD, STAFF_PASSWORD


def photo(name: str = "照片.jpg", seed: int = 0, width: int = 900, height: int = 1260) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": picture(width, height, seed)}


def register(visitor: Visitor, name: str, number: str, phone: str = "13800130001") -> None:
    """立即注册 → 设置登录密码; ends at the sign-in page."""
    visitor.go("/")
    visitor.press("立即注册")
    visitor.choose("证件类型", "居民身份证")
    visitor.fill("证件号码", number)
    visitor.fill("姓名", name)
    visitor.fill("手机号码", phone)
    visitor.check(visitor.page.get_by_label("我已阅读并同意《个人信息告知》"))
    visitor.press("注册")
    set_password(visitor)


def set_password(visitor: Visitor) -> None:
    visitor.fill("登录密码", PASSWORD)
    visitor.fill("确认密码", PASSWORD)
    visitor.press("确定")


def sign_in(visitor: Visitor, name: str, number: str) -> None:
    visitor.go("/login")
    visitor.fill("姓名", name)
    visitor.fill("证件号码", number)
    visitor.fill("登录密码", PASSWORD)
    visitor.press("登录")


def sign_in_with_new_password(visitor: Visitor, name: str, number: str) -> None:
    """After 设置登录密码 the page is there, with name and number filled in."""
    expect(visitor.page.get_by_label("姓名", exact=True)).to_have_value(name)
    expect(visitor.page.get_by_label("证件号码", exact=True)).to_have_value(number)
    visitor.fill("登录密码", PASSWORD)
    visitor.press("登录")


def read_notice(visitor: Visitor) -> None:
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("阅读须知")
    visitor.press("下一步")


def fill_personal(visitor: Visitor, scripts: bool) -> None:
    visitor.choose("民族", "汉族")
    visitor.choose("政治面貌", "群众")
    visitor.fill("通讯地址", "辽宁省沈阳市和平区样例路 1 号")
    visitor.send(visitor.page.locator("input[name=photo]"), photo())
    if scripts:
        expect(visitor.page.locator(".studio .made")).to_contain_text("可以使用")
    visitor.press("下一步")


def update(visitor: Visitor, scripts: bool) -> None:
    """Without scripts 【更新】 draws what depends on the answers so far."""
    if not scripts:
        visitor.press("更新")


def fill_employer(visitor: Visitor, scripts: bool) -> None:
    visitor.tick("是否有工作单位", "是")
    visitor.tick("采集类别", "从事会计工作")
    update(visitor, scripts)
    visitor.fill("单位名称", "样例县华业机械有限公司")
    visitor.fill("统一社会信用代码", GOOD_CODE)
    visitor.tick("单位隶属关系", "其他(企业等)")
    visitor.choose("单位类型", "民营企业")
    visitor.choose("所属行业", "制造业")
    visitor.choose("单位所在市", "沈阳市")
    update(visitor, scripts)
    visitor.choose("单位所在县(区)", "和平区")
    update(visitor, scripts)
    visitor.fill("单位详细地址", "样例路 8 号")
    visitor.tick("会计工作岗位", "出纳")
    expect(visitor.page.get_by_role("radio", name="沈阳市和平区财政局")).to_be_checked()
    visitor.press("下一步")


def fill_home(visitor: Visitor, scripts: bool) -> None:
    visitor.tick("是否有工作单位", "否")
    visitor.tick("采集类别", "拟报考当年度会计专业技术资格考试")
    update(visitor, scripts)
    visitor.tick("人员状态", "待业")
    visitor.tick("所在地类型", "户籍所在地")
    visitor.choose("所在市", "沈阳市")
    update(visitor, scripts)
    visitor.choose("所在县(区)", "和平区")
    update(visitor, scripts)
    visitor.fill("详细地址", "样例路 1 号 2 单元")
    visitor.check(visitor.page.get_by_role("radio", name="沈阳市和平区财政局"))
    visitor.press("下一步")


def fill_education(visitor: Visitor, scripts: bool) -> None:
    visitor.check(visitor.page.get_by_role("radio", name="大学专科").first)
    visitor.tick("是否有非全日制学历", "否")
    update(visitor, scripts)
    visitor.fill("毕业院校", "东北样例大学")
    visitor.fill("所学专业", "会计学")
    visitor.fill("毕业时间：年", "2012-07")
    visitor.fill("学历证书编号", "101731201206001122")
    visitor.press("下一步")


def fill_qualification(visitor: Visitor, scripts: bool) -> None:
    visitor.tick("专业技术资格", "初级")
    update(visitor, scripts)
    visitor.tick("专业技术资格类型", "会计类")
    visitor.tick("取得方式", "考试")
    visitor.fill("取得时间", "2021-09-05")
    visitor.fill("证书编号", "20210921034219900")
    visitor.tick("会计技术职务", "无")
    visitor.press("下一步")


def print_sheet(visitor: Visitor) -> bytes:
    """【打印个人基本信息表】; returns the PDF. Chromium's headless shell cannot show it: its new window stays empty."""
    context = visitor.page.context
    answered = context.expect_event("response", lambda answer: answer.url.endswith("/apply/sheet.pdf"))
    with answered, context.expect_page() as opened:
        visitor.push(visitor.page.get_by_role("button", name="打印个人基本信息表").first)
    answer = visitor.page.request.get(f"{visitor.site}/apply/sheet.pdf")
    opened.value.close()
    return answer.body()


def upload(visitor: Visitor, paper: str, scripts: bool, seed: int = 1) -> None:
    """Choose a picture for a paper; with scripts choosing sends, without them the button does."""
    box = visitor.page.locator(".up").filter(has=visitor.page.get_by_role("heading", name=paper))
    visitor.send(box.locator("input[type=file]"), photo(f"{paper}.jpg", seed, 1000, 700))
    if not scripts:
        box.get_by_role("button", name="上传").click()
    visitor.page.wait_for_load_state()
    again = visitor.page.locator(".up.ok").filter(has=visitor.page.get_by_role("heading", name=paper))
    expect(again).to_be_visible()


def upload_all(visitor: Visitor, scripts: bool) -> None:
    """Upload whatever is still required."""
    while (missing := visitor.page.locator(".up", has_text="未上传").filter(has=visitor.page.locator(".req"))).count():
        name = missing.first.get_by_role("heading").locator(".req").inner_text()
        upload(visitor, name, scripts)
    visitor.look()


def send_picture(visitor: Visitor, scripts: bool, seed: int = 1) -> None:
    """On the screen of a correction: choose a picture, which sends it; without scripts 【上传】 does."""
    chooser, picture = visitor.page.locator("input[type=file]"), photo("新的.jpg", seed, 1000, 700)
    if scripts:
        with visitor.page.expect_navigation():
            visitor.send(chooser, picture)
    else:
        visitor.send(chooser, picture)
        visitor.page.get_by_role("button", name="上传", exact=True).click()
    visitor.look()


def submit(visitor: Visitor, button: str = "提交") -> str:
    """Agree and 【提交】; returns the 申报编号."""
    visitor.check(visitor.page.get_by_label("我已阅读并同意《关于本人信息真实准确承诺函》"))
    visitor.press(button)
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("提交成功")
    return visitor.page.locator(".receipt").inner_text()


def staff_sign_in(visitor: Visitor, username: str, code: Any) -> None:
    visitor.go("/staff/login")
    visitor.fill("用户名", username)
    visitor.fill("登录密码", STAFF_PASSWORD)
    visitor.fill("动态验证码", code())
    visitor.press("登录")


def mark(office: Visitor, label: str, comment: str) -> None:
    """Mark a question or a paper on the review page, with a comment in free text."""
    office.page.get_by_label(f"{label}：标记问题", exact=True).check()
    office.fill(f"{label}：说明", comment)
