"""核验申请 again on PostgreSQL: officers who decide at once wait at the row, and the list has the same order."""

from __future__ import annotations

import pytest

from tests.integration.accounts.test_account_races import (  # noqa: F401
    at_once,
    test_of_officers_who_decide_at_once_one_wins,
    test_the_granted_number_has_one_account_however_often_the_password_is_sent,
)
from tests.integration.assistance.test_assistance import (  # noqa: F401
    desk,
    test_a_number_that_somebody_else_mistyped_goes_back_to_its_owner,
)
from tests.integration.assistance.test_assistance_desk import (  # noqa: F401
    test_the_list_is_the_offices_own_oldest_due_first_with_its_figures,
)

pytestmark = pytest.mark.postgres
