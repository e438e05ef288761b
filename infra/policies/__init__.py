"""What each function may do: one least-privilege policy per function, on the stack's own resources only.

The permission to use OpenSearch stands beside the domain, in `infra.template.search`.
"""

from infra.policies.functions import POLICIES, policy_document

__all__ = ["POLICIES", "policy_document"]
