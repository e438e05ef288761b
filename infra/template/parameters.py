"""What can be set when a stack is deployed."""

from infra.template.intrinsics import Json

# Lambda's advice: a received message stays hidden for six times the function's timeout, so that a throttled
# batch is not handed out twice. The local stack sets less: there a failed FIFO batch waits for all of it.
VISIBILITY_FACTOR = 6
_MEBIBYTE = 1024**2


def _text(description: str, default: str, **more: object) -> Json:
    return {"Type": "String", "Description": description, "Default": default} | more


def _number(description: str, default: int, least: int, most: int) -> Json:
    bounds = {"MinValue": least, "MaxValue": most}
    return {"Type": "Number", "Description": description, "Default": default} | bounds


def _choice(description: str, default: str, *values: str) -> Json:
    return _text(description, default, AllowedValues=list(values))


def _api(name: str) -> Json:
    return _choice(f"Whether the {name} of the record store is there", "true", "true", "false")


def _visibility(queue: str, timeout: int) -> Json:
    # 43,200 s is SQS's own limit.
    text = f"Seconds a received message of {queue} stays hidden: six times its function's {timeout} s or more"
    return _number(text, VISIBILITY_FACTOR * timeout, 1, 43_200)


# Seconds. The API's is the gateway's own limit; 900 is Lambda's.
TIMEOUTS = {
    "APIHandler": 29,
    "Intake": 60,
    "FileWorker": 900,
    "Apply": 60,
    "Maintenance": 900,
    "DeadLetters": 60,
    "Sweep": 55,
    "RecordSweep": 55,
    "JobTick": 55,
    "JobWorker": 900,
}

PARAMETERS: Json = {
    "EntriesPerMessage": _number("Entries of a delta file packed into one message", 1, 1, 100),
    # Without a bound, a large file takes all of the account's concurrency (1,000, or 10 in a new account), and the
    # API gets none. SQS takes 2 to 1,000.
    "ApplyConcurrency": _number("Batches of entries that are applied at the same time", 50, 2, 1000),
    "BlockScope": _choice(
        "What a failed entry holds up: later entries of its article, or of all articles",
        "article",
        "article",
        "global",
    ),
    "DeltaStrict": _choice("Whether one faulty entry refuses the whole delta file", "false", "true", "false"),
    "NoticeVisibility": _visibility("delta-notices", TIMEOUTS["Intake"]),
    "FileVisibility": _visibility("delta-file.fifo", TIMEOUTS["FileWorker"]),
    "ArticleVisibility": _visibility("delta-article.fifo", TIMEOUTS["Apply"]),
    "MaintenanceVisibility": _visibility("maintenance", TIMEOUTS["Maintenance"]),
    "JobVisibility": _visibility("record-jobs", TIMEOUTS["JobWorker"]),
    # Each run holds a worker for as long as it takes; what waits is woken in its turn.
    "JobConcurrency": _number("Runs of jobs and exports that are worked on at the same time", 10, 2, 1000),
    "FetchSchemes": _text("Schemes that a delta file's URL may have, separated by commas", "https,s3"),
    "FetchAllowedHosts": _text(
        "Hosts that delta files are fetched from, separated by commas: * is any host with public addresses, "
        "a named host may have private ones, and without * only the named ones are allowed",
        "*",
    ),
    # A fetch ends before its worker does: FanOut begins none with less time left.
    "FetchTimeoutSeconds": _number("The longest that one fetch of a delta file may take", 240, 1, 600),
    "FetchMaxBytes": _number("Bytes of a delta file as it comes, at most", 512 * _MEBIBYTE, 1, 2**40),
    "FetchMaxUnpackedBytes": _number("Bytes of a delta file unpacked, at most", 4096 * _MEBIBYTE, 1, 2**40),
    "FetchMaxRatio": _number("Unpacked over packed size of a delta file, at most", 200, 1, 1032),
    "DeletionsKnownDays": _number(
        "Days that a deleted article is known, so that exports of what changed can tell of it", 90, 15, 3650
    ),
    "ExportRetentionDays": _number("Days that the files of exports are kept", 30, 1, 3650),
    "CorsOrigins": _text("Origins whose pages may call the API, separated by commas; * is any", "*"),
    "JobsApi": _api("Jobs API"),
    "DataApi": _api("Data API"),
    "LoggingApi": _api("Logging API"),
    "AccessApi": _api("Access API"),
    "LrsPipelineDefaults": _text(
        "Pipeline options of the record store, as a JSON object, for clients that do not set them", "{}"
    ),
    "LrsPipelineForced": _text(
        "Pipeline options of the record store, as a JSON object, that hold whatever a client sets", "{}"
    ),
    "LrsPseudonymHomepage": _text(
        "Home page of the accounts that stand for pseudonymized agents; not to be changed once there are any",
        "https://pseudonyms.invalid",
    ),
    "LogLevel": _choice("The least level that is logged", "INFO", "DEBUG", "INFO", "WARNING", "ERROR"),
    "LogRetentionDays": {
        "Type": "Number",
        "Description": "Days that the functions' logs are kept",
        "Default": 90,
        # CloudWatch Logs takes no other numbers.
        "AllowedValues": [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653],
    },
    "AlarmEmail": _text("Address that alarms are sent to; empty for none", ""),
    "ArticleIndex": _text(
        "OpenSearch alias that holds the articles", "articles", AllowedPattern="[a-z][a-z0-9-]*"
    ),
    "LrsIndex": _text(
        "What the OpenSearch aliases of the record store begin with", "lrs", AllowedPattern="[a-z][a-z0-9-]*"
    ),
    "OpenSearchEndpoint": _text(
        "Address (with its scheme) of an existing OpenSearch; empty makes a domain of the stack's own", ""
    ),
    "OpenSearchDomainName": _text(
        "Name of the existing domain, for the functions' policies; empty if requests are not signed",
        "",
    ),
    "OpenSearchSigned": _choice("Whether requests to OpenSearch are signed (SigV4)", "true", "true", "false"),
    "OpenSearchInstanceType": _text("Instance type of the stack's own domain", "m7g.medium.search"),
    # Two zones want an even number of nodes; a replica of every shard lives in the other zone.
    "OpenSearchInstanceCount": _number("Data nodes of the stack's own domain, an even number", 2, 2, 20),
    "OpenSearchVolumeGiB": _number("Disk of each data node of the stack's own domain", 20, 10, 3000),
}

CONDITIONS: Json = {
    "OwnDomain": {"Fn::Equals": [{"Ref": "OpenSearchEndpoint"}, ""]},
    "SearchPolicies": {
        "Fn::Or": [
            {"Condition": "OwnDomain"},
            {"Fn::Not": [{"Fn::Equals": [{"Ref": "OpenSearchDomainName"}, ""]}]},
        ]
    },
    "AlarmsByEmail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]},
}

_GROUPS = {
    "Delta files": [
        "EntriesPerMessage",
        "ApplyConcurrency",
        "BlockScope",
        "DeltaStrict",
        *(name for name in PARAMETERS if name.startswith("Fetch")),
    ],
    "Exports": ["DeletionsKnownDays", "ExportRetentionDays", "JobConcurrency"],
    "Learning record store": [
        name
        for name in PARAMETERS
        if name.startswith(("LrsPipeline", "LrsPseudonym")) or name.endswith("Api")
    ],
    "Search": [name for name in PARAMETERS if name.startswith("OpenSearch") or name.endswith("Index")],
    "HTTP": ["CorsOrigins"],
    "Operation": [
        "AlarmEmail",
        "LogLevel",
        "LogRetentionDays",
        *(n for n in PARAMETERS if n.endswith("Visibility")),
    ],
}

CONSOLE: Json = {
    "AWS::CloudFormation::Interface": {
        "ParameterGroups": [
            {"Label": {"default": label}, "Parameters": names} for label, names in _GROUPS.items()
        ]
    }
}
