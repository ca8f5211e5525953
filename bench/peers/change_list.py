"""The peer of P4: Django's admin change list over the same rows, in a process and an environment of its own.

In a project of bench/peers/project.py, with an index for every order and filter it uses and the department joined.

``python change_list.py DATABASE SOURCE`` makes DATABASE from SOURCE's ``queue_item`` and ends, if there is none. Else
every line on standard input, ``{"calls": ["/admin/...", ...], "full": true}``, is answered by one with CPU seconds.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.peers import project

DATABASE, SOURCE = sys.argv[1:3]
project.configure(__name__, DATABASE, ("admin", "staticfiles"))

import django  # noqa: E402
from django.contrib import admin  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.urls import path  # noqa: E402

from bench.wsgi import Ask, call  # noqa: E402


class Department(models.Model):
    name = models.CharField(max_length=60)

    class Meta:
        app_label = "auth"  # any installed one will do: the tables are made below, not migrated
        db_table = "desk_department"

    def __str__(self) -> str:
        return self.name


class Submission(models.Model):
    """The columns of models.QueueItem, and their names in the list."""

    uid = models.CharField(max_length=24)
    number = models.CharField("申报编号", max_length=16, unique=True)
    account_id = models.IntegerField(db_index=True)
    department = models.ForeignKey(Department, models.CASCADE, verbose_name="办理部门")
    city_id = models.IntegerField(null=True)
    status = models.CharField(
        "状态",
        max_length=20,
        choices=[
            ("submitted", "待审核"),
            ("in_review", "审核中"),
            ("returned", "已退回"),
            ("approved", "审核通过"),
            ("declined", "不予采集"),
        ],
    )
    kind = models.CharField("类型", max_length=20, choices=[("first", "首次采集"), ("change", "信息变更")])
    due_on = models.DateField("审核期限")
    due_estimated = models.BooleanField(default=False)
    times = models.IntegerField("次数")
    name = models.CharField("姓名", max_length=50)  # an index would not serve "contains"
    employer = models.CharField("工作单位", max_length=100)
    employer_id = models.IntegerField(null=True, db_index=True)
    masked_number = models.CharField("证件号码", max_length=40)
    submitted_at = models.DateTimeField("提交时间")
    reminders = models.IntegerField("自动检查", default=0)
    returned_by = models.IntegerField(null=True, db_index=True)

    class Meta:
        app_label = "auth"
        db_table = "desk_submission"
        ordering = ("due_on", "id")
        indexes = [
            models.Index(fields=["due_on", "id"], name="by_due"),
            models.Index(fields=["status", "due_on", "id"], name="by_status_due"),
        ]


class SubmissionAdmin(admin.ModelAdmin):
    list_display = (
        *("number", "name", "masked_number", "kind", "times", "employer", "department", "status"),
        *("reminders", "due_on", "submitted_at"),
    )
    list_filter = ("status",)
    list_per_page = 50
    list_select_related = ("department",)
    ordering = ("due_on", "id")
    search_fields = ("name",)


admin.site.register(Submission, SubmissionAdmin)
urlpatterns = [path("admin/", admin.site.urls)]


def make_database() -> None:
    """Django's own tables by its migrations, ours by its schema editor, the rows from the product's list."""
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Department)
        editor.create_model(Submission)
    with connection.cursor() as cursor:
        cursor.execute("ATTACH DATABASE %s AS source", [f"file:{SOURCE}?mode=ro"])
        cursor.execute("INSERT INTO desk_department (id, name) SELECT id, name FROM source.department")
        columns = (
            "uid, number, account_id, department_id, city_id, status, kind, due_on, due_estimated, times, name, "
            "employer, employer_id, masked_number, submitted_at, reminders, returned_by"
        )
        cursor.execute(
            f"INSERT INTO desk_submission (id, {columns}) SELECT declaration_id, {columns} FROM source.queue_item "
            "ORDER BY declaration_id"
        )
        cursor.execute("DETACH DATABASE source")
    get_user_model().objects.create_superuser("bench", password="bench")
    connection.close()  # the last one to leave writes the log back


def signed_in() -> str:
    """The cookie of a superuser's new session."""
    found = project.sign_in(get_user_model().objects.get(username="bench"))
    return "; ".join(f"{name}={value}" for name, value in found.items())


def measure(asked: dict) -> dict:
    """Answer each call; returns CPU and wall seconds, sizes and rows, in the order of the calls."""
    SubmissionAdmin.show_full_result_count = asked["full"]
    found: dict = {"cpu": [], "wall": [], "bytes": [], "lines": []}
    for address in asked["calls"]:
        wall, cpu = perf_counter(), process_time()
        answer = call(application, Ask(address), cookie)
        found["cpu"].append(process_time() - cpu)
        found["wall"].append(perf_counter() - wall)
        if answer.status != 200:
            raise SystemExit(f"{address}: {answer.status}")
        found["bytes"].append(len(answer.body))
        found["lines"].append(answer.body.count(b'class="action-select"'))
    return found


if not Path(DATABASE).exists():
    make_database()
    sys.exit()
application = get_wsgi_application()
cookie = signed_in()
gc.collect()
gc.freeze()
print(json.dumps({"django": django.get_version(), "rows": Submission.objects.count()}), flush=True)
for line in sys.stdin:
    print(json.dumps(measure(json.loads(line))), flush=True)
