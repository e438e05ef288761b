"""Joins the parts of the merge template."""

import copy

from infra.template import alarms, api, dashboard, functions, parameters, queues, search, storage
from infra.template.intrinsics import Json, att, ref


def merge_template() -> Json:
    """What `chalice package --merge-template` lays over its own template: objects deep, lists replaced."""
    parts = [
        storage.resources(),
        queues.resources(),
        search.resources(),
        functions.resources(),
        api.resources(),
        alarms.resources(),
        dashboard.resources(),
    ]
    resources: Json = {}
    for part in parts:
        twice = resources.keys() & part.keys()
        if twice:
            raise ValueError(f"defined twice in the template: {', '.join(sorted(twice))}")
        resources |= part
    template: Json = {
        "Description": "Lightrail: an article store fed by delta files, and a learning record store",
        "Parameters": parameters.PARAMETERS,
        "Conditions": parameters.CONDITIONS,
        "Metadata": parameters.CONSOLE,
        "Resources": resources,
        "Outputs": _outputs(),
    }
    # Its parts share what they are made of; a caller may change what it gets.
    return copy.deepcopy(template)


def _outputs() -> Json:
    values: dict[str, object] = {
        "BucketName": ref("Bucket"),
        "LedgerTableName": ref("LedgerTable"),
        "AccountsTableName": ref("AccountsTable"),
        "RecordsTableName": ref("RecordsTable"),
        "AccessTableName": ref("AccessTable"),
        "JobsTableName": ref("JobsTable"),
        "OpenSearchUrl": search.URL,
        "AlarmTopicArn": ref("AlarmTopic"),
        "DashboardName": ref("Dashboard"),
    }
    for queue in queues.QUEUES:
        values[f"{queue.logical_id}Url"] = ref(queue.logical_id)
        values[f"{queue.dead_id}Url"] = ref(queue.dead_id)
    values["ParkingQueueUrl"] = ref("ParkingQueue")
    for function in functions.FUNCTIONS:
        if function.logical_id != "APIHandler":  # Chalice has outputs for this one
            values[f"{function.logical_id}Arn"] = att(function.logical_id, "Arn")
    return {name: {"Value": value} for name, value in values.items()}
