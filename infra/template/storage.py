"""Tables and the bucket: what must outlive the stack."""

from infra.template.intrinsics import Json, att, ref

# A stack that is deleted, or a change that replaces one of these, leaves the data behind.
_KEEP = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def _table(key: tuple[str, str], index: tuple[str, str, str] | None = None, *, holds: str = "ALL") -> Json:
    names = [*key, *(index[1:] if index else ())]
    properties: Json = {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names],
        "KeySchema": _key_schema(*key),
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"SSEEnabled": True},
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
    }
    if index:
        properties["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index[0],
                "KeySchema": _key_schema(*index[1:]),
                "Projection": {"ProjectionType": holds},
            }
        ]
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties} | _KEEP


def _key_schema(partition: str, sort: str) -> list[Json]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def _bucket() -> Json:
    properties: Json = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            ]
        },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "LifecycleConfiguration": {"Rules": LIFECYCLE_RULES},
        "NotificationConfiguration": {
            "QueueConfigurations": [
                {
                    "Event": "s3:ObjectCreated:*",
                    "Queue": att("DeltaNoticesQueue", "Arn"),
                    "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": prefix}]}},
                }
                for prefix in ("delta/", "uploads/")
            ]
        },
    }
    # S3 tries the queue when the notification is set: its policy must be there.
    return {
        "Type": "AWS::S3::Bucket",
        "DependsOn": ["DeltaNoticesQueuePolicy"],
        "Properties": properties,
    } | _KEEP


LIFECYCLE_RULES: list[Json] = [
    {
        "Id": "abandoned-uploads",
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    },
    {
        # An accepted version is read until its snapshot is made, which the file queue's retention bounds.
        "Id": "overwritten-versions",
        "Status": "Enabled",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
    },
    {
        # Retries and lists read a file's entries from its snapshot.
        "Id": "old-snapshots",
        "Status": "Enabled",
        "Prefix": "snapshots/",
        "ExpirationInDays": 365,
    },
    {
        # A run that passed has joined its parts and deleted them; one that failed has mostly deleted them as well.
        "Id": "left-push-parts",
        "Status": "Enabled",
        "Prefix": "push-parts/",
        "ExpirationInDays": 30,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    },
    # Whoever asks for one after that has it made anew.
    {
        "Id": "old-extracts",
        "Status": "Enabled",
        "Prefix": "extracts/",
        "ExpirationInDays": 7,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    },
    # A file is read once from there; what was stored and never accepted goes with the others.
    *(
        {
            "Id": f"old-{prefix}",
            "Status": "Enabled",
            "Prefix": f"{prefix}/",
            "ExpirationInDays": 30,
        }
        for prefix in ("submitted", "uploads")
    ),
    {
        "Id": "old-exports",
        "Status": "Enabled",
        "Prefix": "exports/",
        "ExpirationInDays": ref("ExportRetentionDays"),
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    },
    {
        "Id": "deleted-exports",
        "Status": "Enabled",
        "Prefix": "exports/",
        "ExpiredObjectDeleteMarker": True,
    },
    # What is deleted in the record store is personal data: it must be gone, not kept as an old version.
    *(
        {
            "Id": f"deleted-{prefix}",
            "Status": "Enabled",
            "Prefix": f"{prefix}/",
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
            "ExpiredObjectDeleteMarker": True,
        }
        for prefix in ("attachments", "documents", "files")
    ),
]


def _bucket_policy() -> Json:
    bucket = att("Bucket", "Arn")
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket, {"Fn::Join": ["", [bucket, "/*"]]}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": ref("Bucket"), "PolicyDocument": document},
    }


def resources() -> Json:
    """The tables, the bucket and its policy."""
    return {
        "LedgerTable": _table(("pk", "sk"), index=("failures", "failures_pk", "failures_sk")),
        "AccountsTable": _table(("pk", "sk")),
        "RecordsTable": _table(("pk", "sk"), index=("listing", "listing_pk", "listing_sk")),
        "AccessTable": _table(("pk", "sk")),
        # Each page of a run moves its entry in the index: without the plan, which the record holds.
        "JobsTable": _table(("pk", "sk"), index=("due", "due_pk", "due_at"), holds="KEYS_ONLY"),
        "Bucket": _bucket(),
        "BucketPolicy": _bucket_policy(),
    }
