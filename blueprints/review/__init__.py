"""The officers' side: the queue, one submission side by side with its papers, the decision, 人员档案."""

from blueprints.review import decide, pictures, queue, records, roster, submission
from blueprints.review.frame import bp

__all__ = ["bp", "decide", "pictures", "queue", "records", "roster", "submission"]
