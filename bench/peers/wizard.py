"""The peer of P2 and P8: the wizard on Django, in a process and an environment of its own.

It asks what the product's pages ask: as many fields, with the same options and answers, each page a ModelForm of one
model, in a project of bench/peers/project.py. It checks less, keeps pictures unencrypted, makes no thumbnails and looks
for nothing on them.

``python wizard.py FOLDER`` reads FOLDER/plan.json (bench/against_django.py). Each line on standard input,
``{"pages": [...]}`` or ``{"journey": [[kind, path of a picture], ...]}``, is answered by one with CPU seconds.
"""

from __future__ import annotations

import gc
import io
import json
import sys
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.peers import project

FOLDER = Path(sys.argv[1])
PLAN = json.loads((FOLDER / "plan.json").read_text())
project.configure(__name__, str(FOLDER / "django.db"), MEDIA_ROOT=str(FOLDER / "media"), MEDIA_URL="/media/")

import django  # noqa: E402
from django import forms  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.auth.decorators import login_required  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.shortcuts import get_object_or_404, redirect, render  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402
from PIL import Image, ImageOps  # noqa: E402

from bench import journey  # noqa: E402
from bench.browser import Browser  # noqa: E402
from bench.peers import sheet as plain_sheet  # noqa: E402

PAPERS = [(kind, title) for kind, title in PLAN["papers"]]
PHOTO = PAPERS[0][0]
SLUGS = [page["slug"] for page in PLAN["pages"]]
LARGEST = 2400


def column(control: dict) -> models.Field:
    """The model's field for one control of the product's page."""
    if control["kind"] == "checkbox":
        return models.JSONField(control["label"], default=list, blank=True)
    if control["kind"] == "date":
        return models.DateField(control["label"], null=True, blank=True)
    if control["kind"] == "textarea":
        return models.TextField(control["label"], blank=True)
    choices = [(value, text) for value, text in control["options"] if value] or None
    return models.CharField(control["label"], max_length=200, blank=True, choices=choices)


class Meta:
    app_label = "auth"  # any installed one will do: the tables are made below, not migrated
    db_table = "wizard_declaration"


Declaration = type(
    "Declaration",
    (models.Model,),
    {
        "__module__": __name__,
        "Meta": Meta,
        "account": models.OneToOneField("auth.User", models.CASCADE),
        "number": models.CharField(max_length=16, blank=True),
        "done": models.JSONField(default=list),  # the pages that are finished
        "printed_at": models.DateTimeField(null=True),
        "submitted_at": models.DateTimeField(null=True),
        **{control["name"]: column(control) for page in PLAN["pages"] for control in page["controls"]},
    },
)


class Paper(models.Model):
    declaration = models.ForeignKey(Declaration, models.CASCADE, related_name="papers")
    kind = models.CharField(max_length=40, choices=PAPERS)
    picture = models.FileField(upload_to="papers/")

    class Meta:
        app_label = "auth"
        db_table = "wizard_paper"


def step_form(page: dict) -> type[forms.ModelForm]:
    """The page's ModelForm, with the widgets that the product's page shows."""
    widgets: dict = {}
    more: dict = {}
    for control in page["controls"]:
        if control["kind"] == "radio":
            widgets[control["name"]] = forms.RadioSelect
        elif control["kind"] == "date":
            widgets[control["name"]] = forms.DateInput(attrs={"type": "date"})
        elif control["kind"] == "checkbox":
            more[control["name"]] = forms.MultipleChoiceField(
                label=control["label"],
                choices=control["options"],
                widget=forms.CheckboxSelectMultiple,
                required=False,
            )
    if page["slug"] == SLUGS[0]:
        more[PHOTO] = forms.ImageField(required=False)
    names = [control["name"] for control in page["controls"]]
    base = type("StepForm", (forms.ModelForm,), more)
    return forms.modelform_factory(Declaration, form=base, fields=names, widgets=widgets)


FORMS = {page["slug"]: step_form(page) for page in PLAN["pages"]}
_version, draw = plain_sheet.reportlab(*map(Path, PLAN["fonts"]))
TITLES = {page["slug"]: page["title"] for page in PLAN["pages"]}


class UploadForm(forms.Form):
    file = forms.ImageField()


def bar(declaration: Declaration | None, here: str) -> list[dict]:
    done = set(declaration.done) if declaration else set()
    pages = [
        ("notice", "阅读须知"),
        *TITLES.items(),
        ("check", "核对信息"),
        ("papers", "附件上传"),
        ("done", "申报告知"),
    ]
    return [
        {"title": title, "url": f"/apply/{slug}", "state": "now" if slug == here else "done" if slug in done else ""}
        for slug, title in pages
    ]


def own(request) -> Declaration:
    return get_object_or_404(Declaration, account=request.user)


def finish(declaration: Declaration, slug: str) -> None:
    if slug not in declaration.done:
        declaration.done.append(slug)
    declaration.save()


@login_required
def notice(request):
    if request.method == "POST":
        with transaction.atomic():
            declaration, _new = Declaration.objects.get_or_create(account=request.user)
            finish(declaration, "notice")
        return redirect("step", SLUGS[0])
    declaration = Declaration.objects.filter(account=request.user).first()
    return render(request, "notice.html", {"bar": bar(declaration, "notice"), "papers": PAPERS})


@login_required
def step(request, slug):
    declaration = own(request)
    form = FORMS[slug](request.POST or None, request.FILES or None, instance=declaration)
    if request.method == "POST" and form.is_valid():
        picture = form.cleaned_data.get(PHOTO)
        cleaned = cleaned_picture(picture) if picture else None
        with transaction.atomic():
            form.save(commit=False)
            finish(declaration, slug)
            if cleaned:
                keep(declaration, PHOTO, cleaned)
        place = SLUGS.index(slug) + 1
        return redirect("step", SLUGS[place]) if place < len(SLUGS) else redirect("check")
    photo = Paper.objects.filter(declaration=declaration, kind=PHOTO).first() if slug == SLUGS[0] else None
    shown = {"form": form, "title": TITLES[slug], "photo": photo, "bar": bar(declaration, slug)}
    return render(request, "step.html", shown, status=422 if form.errors else 200)


@login_required
def check(request):
    declaration = own(request)
    sections = [
        {"title": TITLES[slug], "rows": [(field.label, said(declaration, name)) for name, field in asked.items()]}
        for slug, asked in ((slug, form.base_fields) for slug, form in FORMS.items())
    ]
    return render(request, "check.html", {"sections": sections, "bar": bar(declaration, "check")})


def said(declaration: Declaration, name: str) -> str:
    display = getattr(declaration, f"get_{name}_display", None)
    return display() if display else getattr(declaration, name, "")


@login_required
def print_sheet(request):
    declaration = own(request)
    declaration.printed_at = timezone.now()
    finish(declaration, "check")
    return redirect("sheet")


@login_required
def sheet(request):
    """The product's own finished strokes on a plain canvas: finding out where each one stands is spared."""
    own(request)
    return HttpResponse(draw(PLAN["strokes"]), content_type="application/pdf")


@login_required
def papers(request, form=None):
    declaration = own(request)
    rows = list(declaration.papers.all())
    shown = [{"kind": k, "title": t, "rows": [r for r in rows if r.kind == k]} for k, t in PAPERS if k != PHOTO]
    context = {"papers": shown, "form": form or UploadForm(), "bar": bar(declaration, "papers")}
    return render(request, "papers.html", context, status=422 if form else 200)


@login_required
def upload(request, kind):
    declaration, form = own(request), UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return papers(request, form)
    cleaned = cleaned_picture(form.cleaned_data["file"])
    with transaction.atomic():
        keep(declaration, kind, cleaned)
    return redirect("papers")


def cleaned_picture(file) -> bytes:
    """Decoded, turned, shrunk where it is too large, and encoded anew."""
    file.seek(0)
    image = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
    image.thumbnail((LARGEST, LARGEST))
    made = io.BytesIO()
    image.save(made, "JPEG", quality=85)
    return made.getvalue()


def keep(declaration: Declaration, kind: str, jpeg: bytes) -> None:
    paper = Paper(declaration=declaration, kind=kind)
    paper.picture.save(f"{kind}.jpg", ContentFile(jpeg), save=False)
    paper.save()


@login_required
def submit(request):
    with transaction.atomic():
        declaration = own(request)
        there = set(declaration.papers.values_list("kind", flat=True))
        if request.POST.get("agree") != "yes" or any(kind not in there for kind, _title in PAPERS):
            return papers(request, UploadForm())
        declaration.submitted_at, declaration.number = timezone.now(), f"LN2026{declaration.pk:07}"
        finish(declaration, "papers")
    return redirect("done")


@login_required
def done(request):
    declaration = own(request)
    return render(request, "done.html", {"declaration": declaration, "bar": bar(declaration, "done")})


urlpatterns = [
    path("apply/notice", notice, name="notice"),
    path("apply/check", check, name="check"),
    path("apply/check/print", print_sheet, name="print"),
    path("apply/sheet.pdf", sheet, name="sheet"),
    path("apply/papers", papers, name="papers"),
    path("apply/papers/<str:kind>", upload, name="upload"),
    path("apply/submit", submit, name="submit"),
    path("apply/done", done, name="done"),
    path("apply/<str:slug>", step, name="step"),
]


def make_database() -> None:
    """Django's own tables by its migrations, ours by its schema editor."""
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Declaration)
        editor.create_model(Paper)


def person(number: int) -> Browser:
    user = get_user_model()(username=f"person{number}", first_name="单小燕")
    user.set_unusable_password()
    user.save()
    return Browser(get_wsgi_application(), project.sign_in(user))


def filled() -> Browser:
    """Somebody whose pages are all filled in as the product's are."""
    browser = person(0)
    declaration = Declaration(account=get_user_model().objects.get(username="person0"), done=["notice", *SLUGS])
    for page in PLAN["pages"]:
        for control in page["controls"]:
            values = control["values"]
            one = values if control["kind"] == "checkbox" else (values or [""])[0]
            setattr(declaration, control["name"], (one or None) if control["kind"] == "date" else one)
    declaration.save()
    keep(declaration, PHOTO, Path(PLAN["photo"]).read_bytes())
    return browser


def measure_pages(browser: Browser, addresses: list[str]) -> dict:
    cpu, sizes = [], []
    for address in addresses:
        before = process_time()
        answer = browser.get(address)
        cpu.append(process_time() - before)
        sizes.append(len(answer.body))
    return {"cpu": cpu, "bytes": sizes}


def main() -> None:
    make_database()
    browser, number = filled(), 0
    gc.collect()
    gc.freeze()
    print(json.dumps({"django": django.get_version()}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "pages" in asked:
            answer = measure_pages(browser, asked["pages"])
        else:
            number += 1
            pictures = {kind: Path(place).read_bytes() for kind, place in asked["journey"]}
            answer = journey.go(person(number), PLAN["answers"], pictures)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
