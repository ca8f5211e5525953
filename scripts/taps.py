"""Counts what a thumb has to do: from the home page to 「提交成功」 on a phone, `make taps`.

The case: employed, bachelor's degree, junior qualification, seven papers and the photo. The employer has filed before.
Nothing is filled that a person could not reach: what has the focus is typed into, everything else costs its tap.

  tap a button, a radio button, a box, a field   1
  a select: open it, choose                      2
  a proposal under a field                       1
  a month from two selects                       4
  a day from the phone's calendar                4
  a file: open the chooser, choose               2; several at once: open, one for each, confirm
  a key                                          1; a Han character 3 (pinyin and choosing)
  Enter of the phone's keyboard (下一项, 前往)   1 key
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, FilePayload, Locator, Page, expect, sync_playwright

from scripts.demo_site import serving
from tests.support.factory import picture
from tests.support.people import GOOD_CODE, id_number
from tests.support.site.chromium import PROGRAMS, find_chromium

MOST_TAPS, MOST_KEYS = 50, 200
MOST_PROPOSALS = 4  # as many as a phone shows beneath a field
PHONE: dict[str, object] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "locale": "zh-CN",
    "timezone_id": "Asia/Shanghai",
}
NAME, NUMBER, MOBILE, PASSWORD = "单小燕", id_number(502), "13800130099", "shuai4-jian"


@dataclass
class Stage:
    name: str
    taps: int = 0
    keys: int = 0


@dataclass
class Thumb:
    """A page on a phone, and what it costs to use it. ``look``: what else to do at each new page."""

    page: Page
    look: Callable[[], object] = lambda: None
    stages: list[Stage] = field(default_factory=list)

    def at(self, name: str, heading: str) -> None:
        """A new stage begins; its page has this heading, and its scripts are there."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        self.page.locator("html[data-ready]").wait_for(state="attached")
        self.look()
        self.stages.append(Stage(name))

    @property
    def total(self) -> tuple[int, int]:
        return sum(stage.taps for stage in self.stages), sum(stage.keys for stage in self.stages)

    def cost(self, taps: int = 0, keys: int = 0) -> None:
        self.stages[-1].taps += taps
        self.stages[-1].keys += keys

    def tap(self, target: Locator) -> None:
        target.tap()
        self.cost(taps=1)

    def press(self, name: str) -> None:
        by_name = {"name": name, "exact": True}
        found = self.page.get_by_role("button", **by_name).or_(self.page.get_by_role("link", **by_name))  # type: ignore[arg-type]
        self.tap(found.locator("visible=true").first)

    def pick(self, group: str, option: str) -> None:
        boxes = self.page.get_by_role("group", name=re.compile(rf"^[* ]*{group}[* ]*$"))
        self.tap(boxes.get_by_label(option, exact=True))

    def select(self, label: str, option: str) -> None:
        self.page.get_by_label(label, exact=True).select_option(label=option)
        self.cost(taps=2)

    def day(self, label: str, day: str) -> None:
        self.page.get_by_label(label, exact=True).fill(day)
        self.cost(taps=4)

    def type(self, label: str, text: str) -> None:
        """Type at the end of a field; the tap is needed only where the field does not have the focus yet."""
        entry = self.page.get_by_label(label, exact=True)
        if not entry.evaluate("entry => entry === document.activeElement"):
            self.tap(entry)
        for character in text:
            self.page.keyboard.insert_text(character) if character > "\xff" else self.page.keyboard.type(character)
        self.cost(keys=sum(3 if character > "\xff" else 1 for character in text))

    def proposal(self, label: str, text: str) -> None:
        """Choose what the browser proposes; scripts cannot see its list, which is the options with what is typed."""
        entry = self.page.get_by_label(label, exact=True)
        options = entry.locator("xpath=following-sibling::datalist/option")
        options.first.wait_for(state="attached")
        offered = options.evaluate_all(
            "(options, typed) => options.map(o => o.value).filter(v => v.includes(typed))", entry.input_value()
        )
        assert text in offered, offered
        assert len(offered) <= MOST_PROPOSALS, offered
        entry.fill(text)
        self.cost(taps=1)

    def type_all(self, *fields: tuple[str, str]) -> None:
        """Type into each field; Enter leads to the next one, and sends the form from the last."""
        for label, text in fields:
            self.type(label, text)
            self.enter()

    def pick_all(self, *choices: tuple[str, str]) -> None:
        for group, option in choices:
            self.pick(group, option)

    def enter(self) -> None:
        self.page.keyboard.press("Enter")
        self.cost(keys=1)

    def file(self, chooser: Locator, *files: FilePayload) -> None:
        chooser.set_input_files(files)
        self.cost(taps=2 if len(files) == 1 else len(files) + 2)


def paper(seed: int, width: int = 1000, height: int = 700) -> FilePayload:
    return {"name": f"IMG_{seed:04d}.jpg", "mimeType": "image/jpeg", "buffer": picture(width, height, seed)}


def account(thumb: Thumb) -> None:
    thumb.at("首页", "会计人员信息采集")
    thumb.press("立即注册")
    thumb.at("立即注册", "立即注册")
    thumb.type_all(("证件号码", NUMBER), ("姓名", NAME))
    thumb.type("手机号码", MOBILE)
    thumb.tap(thumb.page.get_by_label("我已阅读并同意《个人信息告知》"))
    thumb.press("注册")
    thumb.at("设置登录密码", "设置登录密码")
    thumb.type_all(("登录密码", PASSWORD), ("确认密码", PASSWORD))
    thumb.at("登录", "登录")
    thumb.type_all(("登录密码", PASSWORD))
    thumb.at("阅读须知", "阅读须知")
    thumb.press("下一步")


def personal(thumb: Thumb) -> None:
    thumb.at("个人信息", "个人信息")
    thumb.select("民族", "汉族")
    thumb.select("政治面貌", "群众")
    thumb.type("通讯地址", "和")
    thumb.proposal("通讯地址", "辽宁省沈阳市和平区")
    thumb.type("通讯地址", "样例路1号")
    thumb.file(thumb.page.locator("input[name=photo]"), paper(1, 900, 1260))
    expect(thumb.page.locator(".studio .made")).to_contain_text("可以使用")
    thumb.press("下一步")


def employer(thumb: Thumb) -> None:
    thumb.at("会计管理部门", "会计管理部门")
    thumb.pick("是否有工作单位", "是")
    thumb.pick("采集类别", "从事会计工作")
    thumb.type("统一社会信用代码", GOOD_CODE)
    expect(thumb.page.get_by_label("单位名称", exact=True)).to_have_value("样例县华业机械有限公司")
    expect(thumb.page.get_by_role("radio", name="沈阳市和平区财政局")).to_be_checked()
    thumb.pick("会计工作岗位", "出纳")
    thumb.press("下一步")


def education(thumb: Thumb) -> None:
    thumb.at("学历信息", "学历信息")
    thumb.pick_all(("全日制最高学历", "大学本科"), ("全日制最高学位", "学士"))
    thumb.type_all(
        ("毕业院校", "东北样例大学"),
        ("所学专业", "会计学"),
        ("毕业时间：年", "201207"),
        ("学历证书编号", "101731201205001122"),
    )
    thumb.type("学位证书编号", "1017342012001122")
    thumb.pick("是否有非全日制学历", "否")
    thumb.press("下一步")


def qualification(thumb: Thumb) -> None:
    thumb.at("专业技术资格", "专业技术资格")
    thumb.pick_all(("专业技术资格", "初级"), ("专业技术资格类型", "会计类"), ("取得方式", "考试"))
    thumb.day("取得时间", "2021-09-05")
    thumb.type("证书编号", "20210921034219900")
    thumb.pick("会计技术职务", "无")
    thumb.press("下一步")


def papers(thumb: Thumb) -> None:
    thumb.at("核对信息", "核对信息")
    with thumb.page.context.expect_page() as opened:
        thumb.press("打印个人基本信息表")
    opened.value.close()
    thumb.press("下一步")
    thumb.at("附件上传", "附件上传")
    thumb.file(thumb.page.locator("[data-several] input[type=file]"), *map(paper, range(2, 9)))
    expect(thumb.page.locator(".up.ok")).to_have_count(7)
    thumb.tap(thumb.page.get_by_label("我已阅读并同意《关于本人信息真实准确承诺函》"))
    thumb.press("提交")
    expect(thumb.page.get_by_role("heading", level=1)).to_have_text("提交成功")


WAY = (account, personal, employer, education, qualification, papers)


def walk(thumb: Thumb, address: str) -> None:
    """The whole way."""
    thumb.page.goto(address)
    for stretch in WAY:
        stretch(thumb)


def table(thumb: Thumb) -> Iterator[str]:
    yield f"{'taps':>5} {'keys':>5}"
    for stage in [*thumb.stages, Stage("从首页到「提交成功」", *thumb.total)]:
        yield f"{stage.taps:>5} {stage.keys:>5}  {stage.name}"


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=find_chromium(PROGRAMS), args=options)
        yield browser
        browser.close()


def main() -> None:
    if not find_chromium(PROGRAMS):
        raise SystemExit("no browser found: run make chromium")
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), people="8") as site, _chromium() as browser:
        thumb = Thumb(browser.new_context(**PHONE).new_page())  # type: ignore[arg-type]
        walk(thumb, site.address)
    print("\n".join(table(thumb)))
    sys.exit(thumb.total[0] > MOST_TAPS or thumb.total[1] > MOST_KEYS)


if __name__ == "__main__":
    main()
