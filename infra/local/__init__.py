"""The local stack: the packaged application on an AWS emulator and a real OpenSearch node, from packages."""

from infra.local.description import Admin, Description, LocalAddresses
from infra.local.errors import LocalStackError
from infra.local.stack import Stack, default_root

__all__ = ["Admin", "Description", "LocalAddresses", "LocalStackError", "Stack", "default_root"]
