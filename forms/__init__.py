"""What we ask and when: the pages of the wizard (``STEPS``) and the papers (``PAPERS``).

A form class *is* the declaration of its page: names, labels, choices, rules and conditions, read as data by the page,
the browser, the completeness check, the check page, the review, the sheet, the revision and the export. A new
question is one field here and one column in models.Answers.
"""

from forms.conditions import All, Asked, Candidate, Condition, When, both, unless
from forms.pages import STEPS, Step
from forms.papers import PAPER, PAPERS, PHOTO, SHEET, Paper
from forms.questions import Question, StepForm

__all__ = [
    "PAPER",
    "PAPERS",
    "PHOTO",
    "SHEET",
    "STEPS",
    "All",
    "Asked",
    "Candidate",
    "Condition",
    "Paper",
    "Question",
    "Step",
    "StepForm",
    "When",
    "both",
    "unless",
]
