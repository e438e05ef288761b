"""CloudFormation's intrinsic functions, as short calls."""

from typing import Any

Json = dict[str, Any]


def ref(name: str) -> Json:
    """The value of a parameter, or the physical name of a resource."""
    return {"Ref": name}


def att(name: str, attribute: str) -> Json:
    """An attribute of a resource, such as its Arn."""
    return {"Fn::GetAtt": [name, attribute]}


def sub(text: str, **values: object) -> Json:
    """A text with `${Name}` filled in; `values` name what is neither a parameter nor a resource."""
    return {"Fn::Sub": [text, values]} if values else {"Fn::Sub": text}


def choose(condition: str, then: object, otherwise: object) -> Json:
    """One of two values, by a condition of the template."""
    return {"Fn::If": [condition, then, otherwise]}
