"""Every route of the site and who may use it, as data; the test of the gate holds the product against it."""

from __future__ import annotations

from typing import Any

from flask import Flask, url_for

from forms import STEPS
from lib.codes import Role

NOBODY = "nobody"
EVERYBODY = frozenset({NOBODY, *(role.value for role in Role)})
APPLICANT = frozenset({"applicant"})
OFFICERS = frozenset({"reviewer", "manager"})
STAFF = frozenset({"reviewer", "manager", "system", "security", "auditor"})
MANAGER, SYSTEM = frozenset({"manager"}), frozenset({"system"})
G, P, GP = ("GET",), ("POST",), ("GET", "POST")

#: endpoint: methods, who may use it.
TABLE: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "public.home": (G, EVERYBODY),
    "public.notices": (G, EVERYBODY),
    "public.notice": (G, EVERYBODY),
    "public.guide": (G, EVERYBODY),
    "public.hotlines": (G, EVERYBODY),
    "public.privacy": (G, EVERYBODY),
    "public.template_file": (G, EVERYBODY),
    "public.text_size": (G, EVERYBODY),
    "public.healthz": (G, EVERYBODY),
    "public.verify": (G, EVERYBODY),
    "auth.register": (GP, EVERYBODY),
    "auth.register_password": (GP, EVERYBODY),
    "auth.claim": (GP, EVERYBODY),
    "auth.claim_proof": (GP, EVERYBODY),
    "auth.claim_password": (GP, EVERYBODY),
    "auth.login": (GP, EVERYBODY),
    "auth.logout": (P, EVERYBODY),
    "auth.forgot": (GP, EVERYBODY),
    "auth.forgot_code": (GP, EVERYBODY),
    "auth.forgot_password": (GP, EVERYBODY),
    "auth.account": (GP, APPLICANT),
    "auth.end_other_devices": (P, APPLICANT),
    "auth.inbox": (G, APPLICANT),
    "auth.read_inbox": (P, APPLICANT),
    "wizard.home": (G, APPLICANT),
    "wizard.notice": (GP, APPLICANT),
    "wizard.step": (G, APPLICANT),
    "wizard.save_step": (P, APPLICANT),
    "wizard.keep_draft": (P, APPLICANT),
    "wizard.crop_photo": (P, APPLICANT),
    "wizard.divisions": (G, APPLICANT),
    "wizard.candidates": (G, APPLICANT),
    "wizard.check": (G, APPLICANT),
    "wizard.print_sheet": (P, APPLICANT),
    "wizard.sheet_pdf": (G, APPLICANT),
    "wizard.papers_page": (G, APPLICANT),
    "wizard.paper_row": (G, APPLICANT),
    "wizard.upload": (P, APPLICANT),
    "wizard.begin_upload": (P, APPLICANT),
    "wizard.upload_piece": (("PATCH", "DELETE"), APPLICANT),
    "wizard.take_upload": (P, APPLICANT),
    "wizard.drop_upload": (P, APPLICANT),
    "wizard.keep_upload": (P, APPLICANT),
    "wizard.device_key": (G, APPLICANT),
    "wizard.picture": (G, APPLICANT),
    "wizard.rotate_page": (P, APPLICANT),
    "wizard.move_page": (P, APPLICANT),
    "wizard.crop_page": (GP, APPLICANT),
    "wizard.source": (G, APPLICANT),
    "wizard.hand_over": (P, APPLICANT),
    "wizard.hand_over_state": (G, APPLICANT),
    "wizard.cancel_hand_over": (P, APPLICANT),
    "phone.page": (GP, EVERYBODY),
    "phone.begin_upload": (P, EVERYBODY),
    "phone.upload_piece": (("PATCH", "DELETE"), EVERYBODY),
    "phone.take_upload": (P, EVERYBODY),
    "wizard.delete_page": (P, APPLICANT),
    "wizard.submit": (P, APPLICANT),
    "wizard.done": (G, APPLICANT),
    "wizard.status": (G, APPLICANT),
    "wizard.withdraw": (P, APPLICANT),
    "wizard.drop": (P, APPLICANT),
    "wizard.corrections": (G, APPLICANT),
    "wizard.correction": (G, APPLICANT),
    "wizard.correct": (P, APPLICANT),
    "wizard.keep_correction": (P, APPLICANT),
    "wizard.returned_picture": (G, APPLICANT),
    "archive.own": (G, APPLICANT),
    "archive.version": (G, APPLICANT),
    "archive.picture": (G, APPLICANT),
    "archive.print": (G, APPLICANT),
    "archive.change": (P, APPLICANT),
    "auth.staff_login": (GP, EVERYBODY),
    "auth.staff_logout": (P, EVERYBODY),
    "auth.staff_account": (GP, STAFF),
    "auth.staff_totp": (GP, STAFF),
    "auth.staff_codes": (GP, STAFF),
    "auth.staff_keys": (P, STAFF),
    "auth.staff_counter": (GP, OFFICERS),
    "auth.staff_counter_code": (P, OFFICERS),
    "review.home": (G, STAFF),
    "review.queue": (G, OFFICERS),
    "review.search": (GP, OFFICERS),
    "review.claim_next": (P, OFFICERS),
    "review.claim_ten": (P, OFFICERS),
    "review.save_view": (P, OFFICERS),
    "review.drop_view": (P, OFFICERS),
    "review.submission": (G, OFFICERS),
    "review.picture": (G, OFFICERS),
    "review.picture_before": (G, OFFICERS),
    "review.picture_page": (G, OFFICERS),
    "review.next_pictures": (G, OFFICERS),
    "review.claim": (P, OFFICERS),
    "review.release": (P, OFFICERS),
    "review.save_marks": (P, OFFICERS),
    "review.send_back": (P, OFFICERS),
    "review.approve": (P, OFFICERS),
    "review.decline": (P, OFFICERS),
    "review.undo": (P, OFFICERS),
    "review.revoke": (P, MANAGER),
    "review.reopen": (P, MANAGER),
    "review.take_over": (P, OFFICERS),
    "review.transfer": (P, OFFICERS),
    "review.take_back": (P, OFFICERS),
    "review.answer_transfer": (P, OFFICERS),
    "review.answer_second_look": (P, OFFICERS),
    "review.add_note": (P, OFFICERS),
    "review.reveal": (P, OFFICERS),
    "review.records": (G, OFFICERS),
    "review.search_records": (GP, OFFICERS),
    "review.record": (G, OFFICERS),
    "review.record_picture": (G, OFFICERS),
    "review.reveal_record": (P, OFFICERS),
    "review.roster": (G, OFFICERS),
    "review.export_roster": (P, OFFICERS),
    "review.statistics": (G, OFFICERS),
    "review.export_statistics": (G, OFFICERS),
    "review.overview": (G, MANAGER),
    "review.own_figures": (G, OFFICERS),
    "admin.departments": (G, MANAGER),
    "admin.department": (GP, MANAGER),
    "admin.reasons": (G, MANAGER | SYSTEM),
    "admin.new_reason": (GP, MANAGER | SYSTEM),
    "admin.reason": (GP, MANAGER | SYSTEM),
    "admin.retire_reason": (P, MANAGER | SYSTEM),
    "admin.notices": (G, SYSTEM),
    "admin.new_notice": (GP, SYSTEM),
    "admin.edit_notice": (GP, SYSTEM),
}


def address(app: Flask, endpoint: str) -> str:
    """An address of the view with made-up values."""
    rule = next(app.url_map.iter_rules(endpoint))
    values: dict[str, Any] = dict.fromkeys(rule.arguments, 1)
    values |= {"step": STEPS[0]} if "step" in rule.arguments else {}
    with app.test_request_context():
        return url_for(endpoint, **values)
