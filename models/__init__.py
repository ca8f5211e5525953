"""What we keep: the database handle and the tables.

Times are stored in UTC. Columns named ``*_sealed`` hold AES-GCM ciphertext bound to their row; the property without the
suffix reads and writes the plain value. Columns named ``*_index`` hold keyed hashes, by which sealed values are found.
"""

from models.base import Base, Sealed, db, keys, new_uid
from models.declarations import OPEN_SQL, Answers, Declaration, Draft, PaperPage, Revision, Sheet
from models.desk import (
    Employer,
    EmployerSuffix,
    InternalNote,
    PictureHash,
    QueueCount,
    QueueItem,
    ReviewMeasure,
    RosterExport,
    SavedView,
    SearchKey,
    SecondLook,
    Tick,
    Transfer,
)
from models.office import Claim, Decision, Event, Mark, Record
from models.people import (
    Account,
    ActivationCode,
    Attempt,
    InboxMessage,
    LegacyHolder,
    ParkedForm,
    RecoveryCode,
    Staff,
    WebSession,
)
from models.places import CalendarDay, Counter, Department, DepartmentDivision, Division, Notice, Option, ReturnReason
from models.uploads import HandOver, PrintJob, Upload, UploadPart

__all__ = [
    "OPEN_SQL",
    "Account",
    "ActivationCode",
    "Answers",
    "Attempt",
    "Base",
    "CalendarDay",
    "Claim",
    "Counter",
    "Decision",
    "Declaration",
    "Department",
    "DepartmentDivision",
    "Division",
    "Draft",
    "Employer",
    "EmployerSuffix",
    "Event",
    "HandOver",
    "InboxMessage",
    "InternalNote",
    "LegacyHolder",
    "Mark",
    "Notice",
    "Option",
    "PaperPage",
    "ParkedForm",
    "PictureHash",
    "PrintJob",
    "QueueCount",
    "QueueItem",
    "Record",
    "RecoveryCode",
    "ReturnReason",
    "ReviewMeasure",
    "Revision",
    "RosterExport",
    "SavedView",
    "Sealed",
    "SearchKey",
    "SecondLook",
    "Sheet",
    "Staff",
    "Tick",
    "Transfer",
    "Upload",
    "UploadPart",
    "WebSession",
    "db",
    "keys",
    "new_uid",
]
