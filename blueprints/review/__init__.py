"""The officers' side: the queue, one submission side by side with its papers, the decision, 人员档案."""

from blueprints.review import (
    decide,
    headcount,
    marking,
    next_case,
    notes,
    officers,
    overview,
    pictures,
    printing,
    queue,
    records,
    statistics,
    submission,
    transfers,
)
from blueprints.review.shared import bp

__all__ = [
    "bp",
    "decide",
    "headcount",
    "marking",
    "next_case",
    "notes",
    "officers",
    "overview",
    "pictures",
    "printing",
    "queue",
    "records",
    "statistics",
    "submission",
    "transfers",
]
