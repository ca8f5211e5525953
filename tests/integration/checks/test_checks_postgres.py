"""Automatic checks on PostgreSQL: a failed statement ends a transaction there, and other plans find look-alikes."""

from __future__ import annotations

import pytest

from tests.integration.checks.test_checks import (  # noqa: F401
    test_a_check_that_fails_cannot_tell_and_logs_no_answers,
    test_submitting_counts_what_asks_for_a_look,
)
from tests.integration.checks.test_checks_before import (  # noqa: F401
    test_a_change_that_needs_no_new_signature_is_excused_and_named,
    test_only_the_last_return_counts_and_what_is_not_asked_any_more_is_dealt_with,
)
from tests.integration.checks.test_checks_others import (  # noqa: F401
    test_another_account_with_the_phone_is_found_and_named_in_scope_only,
    test_another_name_for_the_same_code_is_found,
    test_another_persons_picture_is_found_also_smaller_and_coarser,
    test_hashes_are_kept_once_and_a_blank_picture_has_none,
    test_the_old_register_under_the_other_form_and_an_earlier_refusal_are_told,
)

pytestmark = pytest.mark.postgres
