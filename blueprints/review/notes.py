"""内部备注 on a submission: for the offices in whose scope it is, never for the applicant."""

from __future__ import annotations

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.review.marking import acting, note_in
from blueprints.review.shared import address_of, bp
from services import workflow
from services.access import OFFICERS, only


@bp.post("/submissions/<uid>/notes")
@only(*OFFICERS)
def add_note(uid: str) -> ResponseReturnValue:
    """The marks on the page are saved too: adding a note must not lose them."""
    text = note_in(request.form)
    with acting(uid) as (case, _seen):
        if not case.reads_all:
            raise workflow.NotAllowed("这份申报由其他会计管理部门办理，您只能查看")
        workflow.renew(case.declaration, me())
    flash(*("内部备注已保存。", "g") if text else ("请先写备注，再按【保存备注】。", "y"))
    return redirect(address_of(uid, _anchor="notes"))
