"""管理: the way to every page of the administration that the signed-in person's role may use."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, render_template

from blueprints import me
from blueprints.admin.shared import bp
from lib.codes import Role
from services.access import only


@dataclass(frozen=True)
class AdminPage:
    """A page of the menu; who sees it is what its view declares. ``what``: what one does there."""

    endpoint: str
    title: str
    what: str


MENU: tuple[tuple[str, tuple[AdminPage, ...]], ...] = (
    (
        "部门",
        (
            AdminPage("admin.departments", "部门和咨询电话", "查看各部门负责的范围，填写电话、地址和办公时间"),
            AdminPage("admin.new_zone", "添加功能区", "登记开发区等功能区的财政部门和它负责的街道"),
            AdminPage("admin.department_check", "受理部门查询", "选择地址和隶属关系，查看由哪个部门受理以及原因"),
        ),
    ),
    (
        "清单和文字",
        (
            AdminPage("admin.options", "选项列表", "添加、停用申报人选择的选项，修改名称和顺序"),
            AdminPage("admin.reasons", "原因列表", "维护退回修改和不予采集时选择的原因，以及申报人看到的说明"),
            AdminPage("admin.calendar", "工作日历", "录入每年的放假通知，调整个别日期；审核期限按它计算"),
            AdminPage("admin.notices", "通知公告", "起草、发布和撤回公告"),
        ),
    ),
    ("本人", (AdminPage("auth.staff_account", "我的账号", "修改密码，更换动态验证码和恢复码"),)),
)


@bp.get("", endpoint="home")
@only(Role.MANAGER, Role.SYSTEM, Role.SECURITY, Role.AUDITOR)
def menu() -> str:
    views, role = current_app.view_functions, me().role
    shown = [
        (title, [page for page in pages if role in views[page.endpoint].roles])  # type: ignore[union-attr]
        for title, pages in MENU
    ]
    return render_template("admin/home.html", menu=[(title, pages) for title, pages in shown if pages])
