"""The third-party packages in the zip: those of requirements.txt, as they are installed in this environment.

They are copied rather than downloaded: no network is needed, and what is deployed is what was tested. Their
dependencies are not followed. opensearch-py asks for grpcio (25 MB) and requests, and imports neither for the
connection that is used here. Of the packages themselves `LEFT_OUT` does not come along.
"""

from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from infra.packaging.errors import PackagingError

# Chalice is a build tool as well: `chalice package` picks the two modules that are needed at run time.
_NOT_COPIED = {"chalice"}

# Of packages that are used in a small part: what nothing imports; a folder has a stroke at its end.
LEFT_OUT = (
    # Its routers and parsers; Chalice and our own code do that. The logger asks for one module of its utilities.
    "aws_lambda_powertools/event_handler/",
    "aws_lambda_powertools/utilities/",
    # opensearch-py does without its asynchronous half where aiohttp is not installed.
    "opensearchpy/_async/client/",
    "opensearchpy/_async/plugins/",
    "opensearchpy/_async/http_aiohttp.py",
    "opensearchpy/_async/transport.py",
    # A copy of what tzdata has.
    "dateutil/zoneinfo/dateutil-zoneinfo.tar.gz",
)
_KEPT = ("aws_lambda_powertools/utilities/__init__.py", "aws_lambda_powertools/utilities/jmespath_utils/")

# What an installer notes about this machine.
_INSTALLER_NOTES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}


def pins(requirements: Path) -> dict[str, str]:
    """Return the version of each package in the file. Raises PackagingError for a line that is not a pin."""
    found: dict[str, str] = {}
    for line in requirements.read_text().splitlines():
        pin = line.split("#")[0].strip()
        if not pin:
            continue
        name, equals, version = pin.partition("==")
        if not equals:
            raise PackagingError(f"{requirements}: `{pin}` names no exact version; write name==version")
        found[name] = version
    return found


def files(requirements: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name in the zip and the place of each file of the packages.

    Raises PackagingError if a package is not installed in its pinned version, or holds machine code.
    """
    for name, version in pins(requirements).items():
        if name not in _NOT_COPIED:
            yield from _files_of(_installed(name, version))


def _installed(name: str, version: str) -> Distribution:
    advice = "run `pip install -r requirements-dev.txt` in this environment"
    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise PackagingError(f"{name} {version} is not installed; {advice}") from None
    if found.version != version:
        raise PackagingError(f"{name} is installed as {found.version}, not as {version}; {advice}")
    return found


def _files_of(package: Distribution) -> Iterator[tuple[str, Path]]:
    names = {file.as_posix() for file in package.files or ()}
    for file in package.files or ():
        if file.suffix == ".so":
            # Runs on one kind of processor only. Without it, the module of the same name is used.
            if (file.parent / f"{file.name.split('.')[0]}.py").as_posix() not in names:
                raise PackagingError(f"{package.name} cannot do without machine code: {file}")
            continue
        outside = ".." in file.parts  # a command in bin/
        if outside or "__pycache__" in file.parts or file.name in _INSTALLER_NOTES:
            continue
        name = file.as_posix()
        if name.startswith(LEFT_OUT) and not name.startswith(_KEPT):
            continue
        yield name, Path(str(file.locate()))
