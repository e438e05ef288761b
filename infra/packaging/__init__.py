"""Makes what is deployed: one zip with the application, and one template.

`chalice package` writes the template and picks what of Chalice itself is needed at run time. The zip is made
anew from that: the packages of requirements.txt are added, all is compiled, and the same inputs give the same
bytes.
"""

from infra.packaging.build import Packaged, package
from infra.packaging.errors import PackagingError

__all__ = ["Packaged", "PackagingError", "package"]
