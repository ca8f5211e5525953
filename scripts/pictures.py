"""Makes every picture of README and the manuals from a running demo: `make pictures`. A test knows their names.

The site is the same each time (scripts/demo_site.py), so a second run changes only pictures of pages that have changed.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageChops, ImageOps, ImageStat
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from scripts.demo_site import MOMENT, ROOT, Site, serving
from tests.support.site.chromium import PROGRAMS, find_chromium

FOLDER = ROOT / "docs" / "images"
PHONE, DESK = 390, 1280  # widths
OFFICER, MANAGER = "heping", "heping-zhuren"
ADMINISTRATORS = SYSTEM, AUDITOR = "xitong", "shenji"
MOST_OFF, MOST_OFF_ON_AVERAGE = 64, 0.5  # of 255 grey levels; another digit or background differs by more
MARGIN, GROUND = 28, (214, 220, 230)  # around the pages that README shows together
#: Pictures may load late and fonts too; nothing blinks or moves while the picture is taken.
SETTLED = """async () => {
  for (const image of document.images) image.loading = "eager";
  const late = [...document.images].filter(image => !image.complete);
  await Promise.all(late.map(image => new Promise(done => { image.onload = image.onerror = done; })));
  await document.fonts.ready;
}"""


@dataclass
class Camera:
    """Browser windows on the site, one for each person. An officer's code works once, so each signs in once."""

    site: Site
    browser: Browser
    windows: dict[str, Page] = field(default_factory=dict)

    def window(self, who: str, width: int, height: int) -> Page:
        """The window of a person of the demo, signed in; without a name, a visitor who is not signed in."""
        if who not in self.windows:
            self.windows[who] = self._open()
            if who:
                self._sign_in(self.windows[who], who)
        page = self.windows[who]
        page.set_viewport_size({"width": width, "height": height})
        return page

    def go(self, who: str, path: str, width: int, height: int) -> Page:
        page = self.window(who, width, height)
        page.goto(self.site.address + path)
        return page

    def _open(self) -> Page:
        context = self.browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", reduced_motion="reduce")
        page = context.new_page()
        page.clock.set_fixed_time(MOMENT)
        page.on("dialog", lambda dialog: dialog.accept())
        return page

    def _sign_in(self, page: Page, who: str) -> None:
        """Sign in with the printed account; an officer also sends the code of the second factor."""
        if who in (OFFICER, MANAGER, *ADMINISTRATORS):
            _name, _role, _department, password, code = self.site.accounts[who]
            labels, path = {"用户名": who, "登录密码": password, "动态验证码": code}, "/staff/login"
        else:
            number, password, _stage = self.site.accounts[who]
            labels, path = {"姓名": who, "证件号码": number, "登录密码": password}, "/login"
        page.goto(self.site.address + path)
        for label, text in labels.items():
            page.get_by_label(label, exact=True).fill(text)
        press(page, "登录")
        page.wait_for_url(lambda address: not address.endswith("/login"))


def press(page: Page, name: str) -> None:
    button = page.get_by_role("button", name=name)
    (button if button.count() else page.get_by_role("link", name=name)).first.click()


def settle(page: Page) -> None:
    page.wait_for_load_state()
    page.wait_for_timeout(500)  # scripts draw after the page has come: the photo in the studio, the viewer's pictures
    page.evaluate(SETTLED)


def shot(of: Page | Locator) -> Image.Image:
    settle(of if isinstance(of, Page) else of.page)
    return Image.open(io.BytesIO(of.screenshot(animations="disabled", caret="hide")))


# --- what each picture shows ------------------------------------------------------------------------------------------

BIRTH_DATE = (0.06, 0.31, 0.6, 0.4)  # its place on the demo's 居民身份证
FILER = "李𬭎"  # everything is filled in, nothing submitted


def sign_in(camera: Camera) -> Image.Image:
    return shot(camera.go("", "/", PHONE, 844))


def crop(camera: Camera) -> Image.Image:
    """The studio with a photo in it: the one that was uploaded already, with more around the person."""
    page = camera.go(FILER, "/apply/personal", PHONE, 1400)
    source = page.locator("img[src*='/apply/pages/']").first.get_attribute("src") or ""
    photo = Image.open(io.BytesIO(page.request.get(camera.site.address + source.replace("small=1", "")).body()))
    wider, kept = ImageOps.expand(ImageOps.scale(photo, 2), (30, 40, 30, 0), "white"), io.BytesIO()
    wider.save(kept, "JPEG", quality=90)
    chosen = page.locator("input[name=photo]")
    chosen.set_input_files({"name": "照片.jpg", "mimeType": "image/jpeg", "buffer": kept.getvalue()})
    expect(page.locator(".studio .made")).to_contain_text("可以使用")
    return shot(page.locator(".studio"))


def check(camera: Camera) -> Image.Image:
    page = camera.go(FILER, "/apply/check", DESK, 720)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    return shot(page)


def papers(camera: Camera) -> Image.Image:
    """One paper is missing, so that both kinds of buttons are seen."""
    page = camera.go(FILER, "/apply/papers", PHONE, 1180)
    row = page.locator("#paper-id_emblem")
    press_in(row, "删除")
    expect(row).to_contain_text("未上传")
    return shot(camera.go(FILER, "/apply/papers", PHONE, 1180))


def press_in(place: Locator, name: str) -> None:
    place.get_by_role("button", name=name).first.click()


def corrections(camera: Camera) -> Image.Image:
    page = camera.go("单小燕", "/apply/corrections", PHONE, 866)
    press(page, "开始修改")
    return shot(page)


def record(camera: Camera) -> Image.Image:
    return shot(camera.go("周一诺", "/archive", DESK, 720))


def queue(camera: Camera) -> Image.Image:
    return shot(camera.go(OFFICER, "/staff/queue", DESK, 720))


def review(camera: Camera, height: int = 860) -> Image.Image:
    """An answer is marked, and a place on a picture."""
    page = open_file(camera, "赵海明", "mine", height)
    for target in ("postal_address", "id_portrait"):
        row = page.locator(f"#row-{target}")
        row.locator("[data-mark]").check()
        row.locator("[data-reason]").select_option(index=1)
    press_in(row, "框出位置")
    settle(page)  # the viewer has turned to another picture
    _drag(page.locator(".stage:not([data-before]) .leaf img"), BIRTH_DATE)
    return shot(page)


def _drag(picture: Locator, place: tuple[float, float, float, float]) -> None:
    """Draw a frame with the mouse: left, top, right and bottom as parts of the picture, which its element contains."""
    box, mouse = picture.bounding_box(), picture.page.mouse
    assert box is not None
    width, height = picture.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    scale = min(box["width"] / width, box["height"] / height)
    x, y = box["x"] + (box["width"] - width * scale) / 2, box["y"] + (box["height"] - height * scale) / 2
    left, top, right, bottom = place
    mouse.move(x + width * scale * left, y + height * scale * top)
    mouse.down()
    mouse.move(x + width * scale * right, y + height * scale * bottom, steps=3)
    mouse.up()


def return_(camera: Camera) -> Image.Image:
    page = camera.window(OFFICER, DESK, 560)
    press(page, "退回修改")
    return shot(page)


def differences(camera: Camera) -> Image.Image:
    page = open_file(camera, "孙立国", "again", 860)
    press(page, "领取")
    return shot(page)


def open_file(camera: Camera, name: str, lane: str, height: int) -> Page:
    """A submission, opened from a part of the officer's list."""
    page = camera.go(OFFICER, f"/staff/queue?lane={lane}", DESK, height)
    press(page, name)
    return page


def statistics(camera: Camera) -> Image.Image:
    return shot(camera.go(MANAGER, "/staff/statistics", DESK, 860))


def overview(camera: Camera) -> Image.Image:
    return shot(camera.go(MANAGER, "/staff/overview", DESK, 700))


def counter(camera: Camera) -> Image.Image:
    page = camera.go(MANAGER, "/staff/counter", DESK, 660)
    page.get_by_label("姓名", exact=True).fill("胡秀英")
    page.get_by_label("证件号码", exact=True).fill(camera.site.accounts["胡秀英"][0])
    press(page, "查询")
    page.get_by_label("我已当面核对身份证件").check()
    press(page, "发放激活码")
    return shot(page)


def assistance(camera: Camera) -> Image.Image:
    page = camera.go(MANAGER, "/staff/assistance", DESK, 860)
    press(page, "赵海民")
    return shot(page)


def staff_record(camera: Camera) -> Image.Image:
    page = camera.go(MANAGER, "/staff/archive", DESK, 860)
    press(page, "周一诺")
    return shot(page)


def accounts(camera: Camera) -> Image.Image:
    return shot(camera.go(SYSTEM, "/staff/admin/staff", DESK, 720))


def departments(camera: Camera) -> Image.Image:
    return shot(camera.go(SYSTEM, "/staff/admin/departments", DESK, 720))


def register(camera: Camera) -> Image.Image:
    """A county's file, checked; nothing is imported yet."""
    page = camera.go(SYSTEM, "/staff/admin/register", DESK, 720)
    press(page, "样例县名册.csv")
    press(page, "检查")
    expect(page.get_by_role("heading", name="检查结果")).to_be_visible()
    return shot(page)


def calendar(camera: Camera) -> Image.Image:
    return shot(camera.go(SYSTEM, "/staff/admin/calendar", DESK, 860))


def audit(camera: Camera) -> Image.Image:
    return shot(camera.go(AUDITOR, "/staff/admin/audit", DESK, 720))


def pages(camera: Camera) -> Image.Image:
    """What README shows: the form and the papers on a phone, next to them the officer's desk."""
    form = shot(camera.go(FILER, "/apply/personal", PHONE, 900))
    sent = camera.go(FILER, "/apply/papers", PHONE, 900)
    sent.locator("#paper-id_portrait").scroll_into_view_if_needed()
    return beside(form, shot(sent), review(camera, 900))


def beside(*parts: Image.Image) -> Image.Image:
    """Pictures in a row, on a ground that tells them apart."""
    width = MARGIN + sum(part.width + MARGIN for part in parts)
    whole = Image.new("RGB", (width, max(part.height for part in parts) + 2 * MARGIN), GROUND)
    left = MARGIN
    for part in parts:
        whole.paste(part, (left, MARGIN))
        left += part.width + MARGIN
    return whole


#: File name -> what it shows, in this order: later ones see what earlier ones have changed.
PICTURES: dict[str, Callable[[Camera], Image.Image]] = {
    "sign-in.png": sign_in,
    "crop.png": crop,
    "check.png": check,
    "papers.png": papers,
    "corrections.png": corrections,
    "record.png": record,
    "queue.png": queue,
    "pages.png": pages,
    "review.png": review,
    "return.png": return_,
    "differences.png": differences,
    "statistics.png": statistics,
    "overview.png": overview,
    "counter.png": counter,
    "assistance.png": assistance,
    "staff-record.png": staff_record,
    "accounts.png": accounts,
    "departments.png": departments,
    "register.png": register,
    "calendar.png": calendar,
    "audit.png": audit,
}


# --- the run ----------------------------------------------------------------------------------------------------------


def small(picture: Image.Image) -> Image.Image:
    """With a palette, which makes the file a third as large; the rounds of k-means keep a red digit red."""
    return picture.convert("RGB").quantize(kmeans=3, dither=Image.Dither.NONE)


def look_alike(one: Image.Image, other: Image.Image) -> bool:
    """True when they differ by no more than a palette does. A palette of slightly other pixels moves many colours."""
    if one.size != other.size:
        return False
    off = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB")).convert("L"))
    return off.extrema[0][1] <= MOST_OFF and off.mean[0] <= MOST_OFF_ON_AVERAGE


def keep(picture: Image.Image, path: Path) -> None:
    """Write the file, unless it shows the same."""
    if path.exists():
        with Image.open(path) as kept:
            if look_alike(picture, kept):
                return
    picture.save(path, optimize=True)


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # A field for a date shows its pattern in the browser's language (package chromium-l10n), not in the page's.
        language: dict[str, str | float | bool] = {**os.environ, "LANGUAGE": "zh_CN"}
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(
            executable_path=find_chromium(PROGRAMS),
            args=options,
            env=language,
            ignore_default_args=["--hide-scrollbars"],
        )
        yield browser
        browser.close()


def main() -> None:
    if not find_chromium(PROGRAMS):
        raise SystemExit("no browser found: install chromium and chromium-l10n")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as site, _chromium() as browser:
        camera = Camera(site, browser)
        for name, show in PICTURES.items():
            keep(small(show(camera)), FOLDER / name)
            print(f"{name} {(FOLDER / name).stat().st_size // 1000} KB")


if __name__ == "__main__":
    main()
