"""The OpenSearch domain: the stack's own, unless an existing one is named."""

from infra.template.intrinsics import Json, att, choose, ref, sub

URL = choose("OwnDomain", sub("https://${SearchDomain.DomainEndpoint}"), ref("OpenSearchEndpoint"))
ARN = choose(
    "OwnDomain",
    att("SearchDomain", "Arn"),
    sub("arn:${AWS::Partition}:es:${AWS::Region}:${AWS::AccountId}:domain/${OpenSearchDomainName}"),
)

# What each function that speaks to OpenSearch may do there.
READ = ("es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost")
WRITE = (*READ, "es:ESHttpPut", "es:ESHttpDelete")
USERS: dict[str, tuple[str, ...]] = {
    "APIHandler": WRITE,
    "Apply": WRITE,
    # A search and a multi-get are POSTs.
    "DeadLetters": READ,
    # Deletes old marks.
    "Sweep": WRITE,
    # Undoes and finishes batches of statements.
    "RecordSweep": WRITE,
    # Works on all that a store holds; reads all articles.
    "JobWorker": WRITE,
}

_ARTICLES = "ArticleIndex"
_RECORDS = "LrsIndex"
# The aliases that each works on, by the parameter that names them; the record store has several, which begin alike.
_ALIASES: dict[str, tuple[str, ...]] = {
    "APIHandler": (_ARTICLES, _RECORDS),
    "Apply": (_ARTICLES,),
    "DeadLetters": (_ARTICLES,),
    "Sweep": (_ARTICLES,),
    "RecordSweep": (_RECORDS,),
    "JobWorker": (_RECORDS,),
}
# Reads all articles by a point in time, which is asked for by its own name and not by an alias.
_SCANS = ("JobWorker",)
_SCANNED = (
    "${ArticleIndex}/_refresh",
    "${ArticleIndex}/_search/point_in_time",
    "_search",
    "_search/point_in_time",
)


def _paths(domain: object, function: str) -> list[Json]:
    """Aliases, what is under them, and the indexes that they point to; whether there is one, and to make it."""
    paths = ["_aliases"] if USERS[function] == WRITE else []
    for alias in _ALIASES[function]:
        if alias == _ARTICLES:
            paths += [f"_alias/${{{alias}}}", f"${{{alias}}}", f"${{{alias}}}/*", f"${{{alias}}}-*"]
        else:
            paths += [f"_alias/${{{alias}}}-*", f"${{{alias}}}-*"]
    if function in _SCANS:
        paths += _SCANNED
    return [sub(f"${{Domain}}/{path}", Domain=domain) for path in paths]


def _domain() -> Json:
    # The domain's own policy: it speaks of no other domain, and the name is not known before it is made.
    any_domain = sub("arn:${AWS::Partition}:es:${AWS::Region}:${AWS::AccountId}:domain/*")
    # What it allows is allowed, whatever the role's own policy says: so no more than that.
    allowed = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": [att(f"{name}Role", "Arn")]},
            "Action": list(actions),
            "Resource": _paths(any_domain, name),
        }
        for name, actions in USERS.items()
    ]
    properties: Json = {
        "EngineVersion": "OpenSearch_3.1",
        "ClusterConfig": {
            "InstanceType": ref("OpenSearchInstanceType"),
            "InstanceCount": ref("OpenSearchInstanceCount"),
            "ZoneAwarenessEnabled": True,
            "ZoneAwarenessConfig": {"AvailabilityZoneCount": 2},
        },
        "EBSOptions": {"EBSEnabled": True, "VolumeType": "gp3", "VolumeSize": ref("OpenSearchVolumeGiB")},
        "EncryptionAtRestOptions": {"Enabled": True},
        "NodeToNodeEncryptionOptions": {"Enabled": True},
        "DomainEndpointOptions": {
            "EnforceHTTPS": True,
            "TLSSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10",
        },
        "AccessPolicies": {"Version": "2012-10-17", "Statement": allowed},
    }
    return {
        "Type": "AWS::OpenSearchService::Domain",
        "Condition": "OwnDomain",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        # Change a running domain rather than replace it: it holds the articles.
        "UpdatePolicy": {"EnableVersionUpgrade": True},
        "Properties": properties,
    }


def _policy(function: str, actions: tuple[str, ...]) -> Json:
    # A policy of its own and not a part of the role: the domain names the role, and this names the domain.
    statement = {
        "Sid": "Search",
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": _paths(ARN, function),
    }
    return {
        "Type": "AWS::IAM::Policy",
        "Condition": "SearchPolicies",
        "Properties": {
            "PolicyName": "search",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "Roles": [ref(f"{function}Role")],
        },
    }


def resources() -> Json:
    """The domain and the permission to use it."""
    policies = {f"{name}SearchPolicy": _policy(name, actions) for name, actions in USERS.items()}
    return {"SearchDomain": _domain()} | policies
