"""Print the merge template as JSON."""

import json

from infra.template.build import merge_template

print(json.dumps(merge_template(), indent=2))
