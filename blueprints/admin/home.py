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
            AdminPage("admin.new_bureau", "新设部门", "登记新设立的市、县（区）财政部门和它启用的日期"),
            AdminPage("admin.new_zone", "添加功能区", "登记开发区等功能区的财政部门和它负责的街道"),
            AdminPage("admin.department_check", "受理部门查询", "选择地址和隶属关系，查看由哪个部门受理以及原因"),
        ),
    ),
    (
        "清单和文字",
        (
            AdminPage("admin.options", "选项列表", "添加、停用申报人选择的选项，修改名称和顺序"),
            AdminPage("admin.reasons", "原因列表", "维护退回修改和不予采集时选择的原因，以及申报人看到的说明"),
            AdminPage("admin.hints", "填写提示", "在申报人经常填错的地方补充说明，预览，按日期启用"),
            AdminPage("admin.calendar", "工作日历", "录入每年的放假通知，调整个别日期；审核期限按它计算"),
            AdminPage("admin.notices", "通知公告", "起草、定时发布、置顶和撤回公告，添加附件"),
            AdminPage("admin.agreed_texts", "须知和承诺函", "修改阅读须知和承诺函，预览，按日期发布，查看各个版本"),
            AdminPage("admin.message_texts", "消息文字", "修改站内消息、邮件和短信的文字，预览，恢复默认"),
        ),
    ),
    (
        "人员档案",
        (AdminPage("review.record_transfers", "档案调转", "确认或退回其他部门的调转，按号码和姓名申请调入，查看进展"),),
    ),
    (
        "证件号码和原持证人",
        (
            AdminPage(
                "auth.staff_assistance", "核验申请", "核对证件，办理证件号被占用、没有凭证和忘记密码，解除账号冻结"
            ),
            AdminPage("admin.register", "原持证人名册", "导入原会计从业资格证名册：上传、检查、导入、撤销"),
        ),
    ),
    (
        "账号和安全",
        (
            AdminPage("admin.staff", "工作人员账号", "查看本部门和下级部门的账号、角色和最近登录，办理权限内的修改"),
            AdminPage(
                "admin.new_administrator", "新建管理员账号", "提出新的系统、安全、审计管理员账号，由系统管理员确认"
            ),
            AdminPage("admin.api_tokens", "接口令牌", "查看哪些系统可以读取人员信息，新建、确认和作废它们的令牌"),
            AdminPage("admin.audit", "操作日志", "查询、导出和核对所有操作的记录"),
        ),
    ),
    (
        "运行",
        (
            AdminPage("admin.messages", "消息发送情况", "查看邮件和短信是否发出，重发没有发出的"),
            AdminPage("admin.backups", "备份情况", "查看上次备份和核对在什么时候，有没有失败"),
        ),
    ),
    (
        "本人",
        (
            AdminPage("auth.staff_inbox", "消息", "每日提要和发给您的其他消息"),
            AdminPage("auth.staff_account", "我的账号", "修改密码，更换动态验证码和恢复码，填写邮箱"),
        ),
    ),
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
