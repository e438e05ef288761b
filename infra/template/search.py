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
}


def _paths(domain: object, actions: tuple[str, ...]) -> list[Json]:
    """The alias, what is under it, and the indexes that it points to; whether there is one, and to make it."""
    return [
        sub("${Domain}/_alias/${ArticleIndex}", Domain=domain),
        *([sub("${Domain}/_aliases", Domain=domain)] if actions == WRITE else []),
        sub("${Domain}/${ArticleIndex}", Domain=domain),
        sub("${Domain}/${ArticleIndex}/*", Domain=domain),
        sub("${Domain}/${ArticleIndex}-*", Domain=domain),
    ]


def _domain() -> Json:
    # The domain's own policy: it speaks of no other domain, and the name is not known before it is made.
    any_domain = sub("arn:${AWS::Partition}:es:${AWS::Region}:${AWS::AccountId}:domain/*")
    # What it allows is allowed, whatever the role's own policy says: so no more than that.
    allowed = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": [att(f"{name}Role", "Arn")]},
            "Action": list(actions),
            "Resource": _paths(any_domain, actions),
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
        "Sid": "Articles",
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": _paths(ARN, actions),
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
