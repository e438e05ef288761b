"""The policy of each function, by its logical id in the template."""

from infra.policies import statements as may
from infra.template.intrinsics import Json
from infra.template.queues import dead_letter_ids

_LEDGER = may.use_table("LedgerTable", "failures")
_RECORDS = may.use_table("RecordsTable", "listing")
_JOBS = may.use_table("JobsTable", "due")

POLICIES: dict[str, list[Json]] = {
    "APIHandler": [
        may.use_table("AccountsTable"),
        _LEDGER,
        may.use_table("AccessTable"),
        _RECORDS,
        _JOBS,
        may.send("DeltaFileQueue", "MaintenanceQueue", "RecordJobsQueue"),
        may.read_snapshots(),
        may.take_submitted_files(),
        may.hand_out_extracts(),
        may.keep_records(),
        may.read_seeding(),
        may.read_mappings(),
        may.hand_out_exports(),
        may.see_what_is_missing(),
    ],
    "Intake": [
        may.consume("DeltaNoticesQueue"),
        _LEDGER,
        may.list_dropped_versions(),
        may.send("DeltaFileQueue"),
    ],
    "FileWorker": [
        may.consume("DeltaFileQueue"),
        _LEDGER,
        may.read_dropped_files(),
        may.write_snapshots(),
        may.see_what_is_missing(),
        may.send("DeltaFileQueue", "DeltaArticleQueue"),
    ],
    "Apply": [
        may.consume("DeltaArticleQueue"),
        _LEDGER,
        may.read_snapshots(),
        may.see_what_is_missing(),
        may.send("DeltaArticleQueue"),
    ],
    "Maintenance": [
        may.consume("MaintenanceQueue"),
        _LEDGER,
        may.read_snapshots(),
        may.draw_extracts(),
        may.see_what_is_missing(),
        may.send("MaintenanceQueue", "DeltaArticleQueue", "DeltaFileQueue"),
    ],
    # A notice that was given up is accepted here, as the intake would have.
    "DeadLetters": [
        may.consume(*dead_letter_ids()),
        _LEDGER,
        may.read_snapshots(),
        may.see_what_is_missing(),
        may.list_dropped_versions(),
        may.send("ParkingQueue", "DeltaArticleQueue", "DeltaFileQueue"),
    ],
    # Up to when deletions are not known any more stands beside the exports.
    "Sweep": [
        _LEDGER,
        may.note_in_table("JobsTable"),
        may.send("DeltaFileQueue", "MaintenanceQueue"),
    ],
    # Which stores there are stands in the table of access.
    "RecordSweep": [
        may.read_table("AccessTable"),
        _RECORDS,
        may.drop_records(),
    ],
    # A schedule follows the time zone of its store.
    "JobTick": [
        _JOBS,
        may.read_table("AccessTable"),
        may.send("RecordJobsQueue"),
    ],
    "JobWorker": [
        may.consume("RecordJobsQueue"),
        _JOBS,
        _RECORDS,
        may.use_table("AccessTable"),
        may.keep_records(),
        may.copy_files(),
        may.read_seeding(),
        may.read_mappings(),
        may.write_exports(),
        may.see_what_is_missing(),
        may.send("RecordJobsQueue"),
    ],
}


def policy_document(function: str) -> Json:
    """The whole policy of a function, its log included."""
    return {
        "Version": "2012-10-17",
        "Statement": [may.write_logs(f"{function}LogGroup"), *POLICIES[function]],
    }
