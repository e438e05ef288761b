"""The permissions that policies are made of; each is a list of exact actions on exact resources."""

from infra.template.intrinsics import Json, att


def _allow(sid: str, actions: list[str], *resources: object) -> Json:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": list(resources)}


def _words(logical_id: str) -> str:
    return logical_id.removesuffix("Queue").removesuffix("Table")


def use_table(table: str, *indexes: str) -> Json:
    """Read and write items, one by one, in batches and in transactions; no scan, no change of the table."""
    actions = [
        "dynamodb:BatchGetItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
    ]
    arns = [{"Fn::Join": ["", [att(table, "Arn"), f"/index/{index}"]]} for index in indexes]
    return _allow(f"Use{_words(table)}", actions, att(table, "Arn"), *arns)


def read_table(table: str) -> Json:
    """Read items, one by one and in batches; no write, no scan."""
    actions = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"]
    return _allow(f"Read{_words(table)}", actions, att(table, "Arn"))


def note_in_table(table: str) -> Json:
    """Write items, one by one; no read, no scan."""
    return _allow(f"NoteIn{_words(table)}", ["dynamodb:PutItem"], att(table, "Arn"))


def consume(*queues: str) -> Json:
    """What Lambda's poller does with a function's queue, in the function's name."""
    actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    return _allow("Consume", actions, *(att(queue, "Arn") for queue in queues))


def send(*queues: str) -> Json:
    """Send messages, one by one or in batches."""
    return _allow("Send", ["sqs:SendMessage"], *(att(queue, "Arn") for queue in queues))


def _under(prefix: str) -> Json:
    return {"Fn::Join": ["", [att("Bucket", "Arn"), f"/{prefix}*"]]}


def read_snapshots() -> Json:
    """Read unpacked delta files, whole or by range."""
    return _allow("ReadSnapshots", ["s3:GetObject"], _under("snapshots/"))


def write_snapshots() -> Json:
    """Write and read unpacked delta files; multipart uploads are covered, and may be given up."""
    return _allow(
        "WriteSnapshots", ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], _under("snapshots/")
    )


def keep_records() -> Json:
    """Write, read and delete the attachments and large documents of the record store."""
    actions = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    return _allow("KeepRecords", actions, _under("attachments/"), _under("documents/"))


def copy_files() -> Json:
    """Read, write and join the files of jobs that push and pull; multipart uploads are covered, and may be given up."""
    actions = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    return _allow("CopyFiles", actions, _under("files/"), _under("push-parts/"))


def read_seeding() -> Json:
    """Read the configs of seeding jobs."""
    return _allow("ReadSeeding", ["s3:GetObject"], _under("seeding/"))


def read_mappings() -> Json:
    """Read the mappings of exports."""
    return _allow("ReadMappings", ["s3:GetObject"], _under("mappings/"))


def write_exports() -> Json:
    """Write files of exports part by part, read them again, and take away what nobody needs."""
    actions = [
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    ]
    return _allow("WriteExports", actions, _under("exports/"))


def hand_out_exports() -> Json:
    """Read files of exports, which is what a link stands for; take them and unfinished ones away."""
    actions = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject"]
    return _allow("HandOutExports", actions, _under("exports/"))


def drop_records() -> Json:
    """Delete attachments and large documents that nothing refers to."""
    return _allow("DropRecords", ["s3:DeleteObject"], _under("attachments/"), _under("documents/"))


def read_dropped_files() -> Json:
    """Read what people put into the bucket or handed over, in the very version that was accepted."""
    files = [_under(prefix) for prefix in ("delta/", "submitted/", "uploads/")]
    return _allow("ReadDroppedFiles", ["s3:GetObject", "s3:GetObjectVersion"], *files)


def draw_extracts() -> Json:
    """Write what is drawn of large delta files, part by part, and see whether all of it is there."""
    actions = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    return _allow("DrawExtracts", actions, _under("extracts/"))


def hand_out_extracts() -> Json:
    """Read what was drawn of large delta files, which is what a link stands for; give up what is out of date."""
    return _allow("HandOutExtracts", ["s3:AbortMultipartUpload", "s3:GetObject"], _under("extracts/"))


def take_submitted_files() -> Json:
    """Store delta files that clients hand over, and sign their uploads: a link may do what its signer may."""
    return _allow("TakeSubmittedFiles", ["s3:PutObject"], _under("submitted/"), _under("uploads/"))


def see_what_is_missing() -> Json:
    """List the bucket. Whoever may not is told 403 and not 404 of an object that is not there."""
    return _allow("SeeWhatIsMissing", ["s3:ListBucket"], att("Bucket", "Arn"))


def list_dropped_versions() -> Json:
    """List the versions of what people put into the bucket."""
    statement = _allow("ListDroppedVersions", ["s3:ListBucketVersions"], att("Bucket", "Arn"))
    # The resource of a list is the bucket: the prefix can only be a condition.
    return statement | {"Condition": {"StringLike": {"s3:prefix": "delta/*"}}}


def write_logs(log_group: str) -> Json:
    """Write the function's own log; a log group's Arn ends with `:*`, its streams."""
    return _allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], att(log_group, "Arn"))
