"""A 档案号 or 证书编号 that several people have proves nothing, wherever it stands."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models import LegacyHolder, WithheldProof, db
from services.old_register import batches
from tests.support.people import id_number


def proofs() -> list[tuple[str | None, str | None]]:
    db.session.expire_all()
    return [
        (holder.certificate_no, holder.archive_no)
        for holder in db.session.scalars(select(LegacyHolder).order_by(LegacyHolder.id))
    ]


PROVEN = "姓名,证件号码,证书编号,档案号,发证日期"


def proven(serial: int, certificate_no: str = "", archive_no: str = "") -> str:
    return f"某某某,{id_number(serial)},{certificate_no},{archive_no},2008-06-12"


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_several_people_of_a_file_have_proves_nothing(bring_in, dry_run):
    lines = (
        proven(11, "LN-2008 0017", "A20080001"),
        proven(12, "", "ln20080017"),
        proven(13, "B20080007", "B20080007"),
    )

    result, findings = bring_in(PROVEN, *lines, dry_run=dry_run)

    assert [(finding.line, finding.kind, finding.text[:3]) for finding in findings] == [
        (2, "warning", "证书编"),
        (3, "warning", "档案号"),
    ]
    assert (result.imported, result.warnings, result.unproven) == (3, 2, 1)
    if not dry_run:
        assert proofs() == [(None, "A20080001"), (None, None), ("B20080007", "B20080007")]


def test_what_a_row_that_was_left_out_has_too_proves_nothing(bring_in):
    _result, findings = bring_in(PROVEN, proven(11, "LN20080017"), "某某某,1,LN20080017,,")

    assert [(finding.line, finding.kind) for finding in findings] == [(3, "error"), (2, "warning")]
    assert proofs() == [(None, None)]


def test_what_an_earlier_record_has_proves_nothing_for_both_until_the_batch_is_undone(bring_in):
    bring_in(PROVEN, proven(11, "LN20080017", "A20080001"))
    second, findings = bring_in(PROVEN, proven(12, "LN20080017"))
    assert [finding.kind for finding in findings] == ["warning"]
    assert proofs() == [(None, "A20080001"), (None, None)]

    third, _findings = bring_in(PROVEN, proven(13, "LN20080017"))
    assert proofs()[2] == (None, None), "the value is remembered"
    batches.undo(second.batch)
    assert proofs() == [(None, "A20080001"), (None, None)], "somebody else has it still"
    batches.undo(third.batch)

    assert proofs() == [("LN20080017", "A20080001")]
    assert db.session.scalars(select(WithheldProof)).all() == []


def test_the_corrected_file_adds_the_rest_and_takes_no_proof_away(bring_in):
    bring_in(PROVEN, proven(11, "LN20080017"), proven(12, "LN20080018"))
    _result, findings = bring_in(PROVEN, proven(11, "LN20080017"), proven(13, "LN20080019"))

    assert [finding.kind for finding in findings] == ["conflict"]
    assert proofs() == [("LN20080017", None), ("LN20080018", None), ("LN20080019", None)]
