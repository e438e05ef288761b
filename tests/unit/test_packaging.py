"""What is deployed: small, complete, the same every time."""

import ast
import os
import subprocess
import sys
import zipfile
from importlib.metadata import distribution, version
from pathlib import Path

import boto3
import pytest

from infra.packaging import Packaged, PackagingError, package
from infra.packaging.vendored import LEFT_OUT, files, pins

PROJECT = Path(__file__).resolve().parents[2]

# Lambda takes 50 MB; what is small starts fast.
LARGEST = 5_500_000

# What Lambda's Python 3.11 brings along and the application relies on.
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath")

KEYS = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_EC2_METADATA_DISABLED": "true"}

NOT_DEPLOYED = (
    "boto3",
    "botocore",
    "google",
    "grpc",
    "infra",
    "moto",
    "opensearch",
    "pydantic",
    "tests",
)


USE = """
import io, logging
from aws_lambda_powertools import Logger
from chalicelib.adapters.opensearch_connection import connect
from chalicelib.plain_yaml import parse
stream = io.StringIO()
logger = Logger(service="it", logger_handler=logging.StreamHandler(stream))
try:
    raise ValueError("told")
except ValueError:
    logger.exception("failed", extra={"job": "one"})
assert "told" in stream.getvalue(), stream.getvalue()
assert parse(b"a: [1, b]")
for signed in (False, True):
    try:
        connect("http://127.0.0.1:9", signed=signed, timeout=1).perform_request("GET", "/")
    except Exception as error:
        assert type(error).__module__ == "opensearchpy.exceptions", error
"""
"""What the packages are used for, from the log to a refused connection."""


def silent(_: str) -> None:
    return


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    return package(tmp_path_factory.mktemp("package"), say=silent)


def names(packaged: Packaged) -> list[str]:
    with zipfile.ZipFile(packaged.zip_path) as archive:
        return archive.namelist()


def test_the_zip_is_small(packaged: Packaged) -> None:
    assert packaged.zip_path.stat().st_size < LARGEST


def test_the_zip_holds_the_application_and_not_what_surrounds_it(packaged: Packaged) -> None:
    inside = names(packaged)
    assert {"app.py", "chalice/app.py", "chalicelib/settings.py"} <= set(inside)
    top = {name.split("/")[0] for name in inside}
    assert top.isdisjoint(NOT_DEPLOYED)
    assert not [name for name in inside if name.endswith((".so", ".pyi", "requirements.txt"))]


def test_every_module_is_compiled(packaged: Packaged) -> None:
    inside = set(names(packaged))
    for name in (name for name in inside if name.endswith(".py")):
        folder, _, module = name.rpartition("/")
        compiled = f"__pycache__/{module.removesuffix('.py')}.cpython-311.pyc"
        assert f"{folder}/{compiled}".lstrip("/") in inside


def test_compiled_modules_are_taken_unchecked(packaged: Packaged) -> None:
    with zipfile.ZipFile(packaged.zip_path) as archive:
        compiled = [name for name in archive.namelist() if name.endswith(".pyc")]
        # PEP 552: flags 0b01 are "has a hash, which is not checked".
        assert {archive.read(name)[4:8] for name in compiled} == {b"\x01\x00\x00\x00"}
    assert len(compiled) > 100


def test_the_same_inputs_give_the_same_bytes(packaged: Packaged, tmp_path: Path) -> None:
    again = package(tmp_path, say=silent)
    assert again.digest == packaged.digest
    assert again.template_path.read_bytes() == packaged.template_path.read_bytes()


def test_it_is_made_anew_only_when_an_input_has_changed(packaged: Packaged) -> None:
    said: list[str] = []
    before = packaged.zip_path.stat().st_mtime_ns
    package(packaged.zip_path.parent, say=said.append)
    assert packaged.zip_path.stat().st_mtime_ns == before
    assert said == [f"Package is up to date: {packaged.zip_path}"]


def test_the_package_needs_nothing_but_the_runtime_to_start(packaged: Packaged, tmp_path: Path) -> None:
    code, runtime = tmp_path / "code", tmp_path / "runtime"
    with zipfile.ZipFile(packaged.zip_path) as archive:
        archive.extractall(code)
    runtime.mkdir()
    installed = Path(boto3.__file__).parents[1]
    for name in RUNTIME_PACKAGES:
        (runtime / name).symlink_to(installed / name)
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "import app, boto3, opensearchpy, aws_lambda_powertools\n"
        "import pkgutil, importlib, chalicelib\n"
        "for module in pkgutil.walk_packages(chalicelib.__path__, 'chalicelib.'):\n"
        "    importlib.import_module(module.name)\n"
        "boto3.client('sqs', region_name='eu-west-1')\n"
        "from chalicelib.articles.export import built_in, mapping\n"
        "assert all(built_in.default_mapping(name).columns for name in mapping.FORMATS)\n"
        "print(opensearchpy.__file__)\n"
    )
    done = subprocess.run(
        # -I -S: no site-packages, no environment.
        [sys.executable, "-I", "-S", "-W", "error::UserWarning", "-c", program, str(code), str(runtime)],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(code / "opensearchpy" / "__init__.pyc")


def third_party_imports() -> set[str]:
    """Every module beyond the standard library that the application imports anywhere, also on use."""
    found: set[str] = set()
    for source in (PROJECT / "app.py", *(PROJECT / "chalicelib").rglob("*.py")):
        tree = ast.parse(source.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                node.body = []  # for the type checker alone
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found.update(name.name for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    known = {"chalicelib", *sys.stdlib_module_names}
    return {name for name in found if name.split(".")[0] not in known}


def test_what_is_left_out_of_packages_is_needed_by_nothing_that_is_imported(
    packaged: Packaged, tmp_path: Path
) -> None:
    code = tmp_path / "code"
    with zipfile.ZipFile(packaged.zip_path) as archive:
        archive.extractall(code)
    imported = third_party_imports()
    assert {"opensearchpy.helpers.signer", "ruamel.yaml", "aws_lambda_powertools"} <= imported
    program = (
        "import importlib, sys; sys.path[:0] = sys.argv[1:3]\n"
        "for name in sys.argv[3:]:\n    importlib.import_module(name)\n" + USE
    )
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    for name in RUNTIME_PACKAGES:
        (runtime / name).symlink_to(Path(boto3.__file__).parents[1] / name)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(code), str(runtime), *sorted(imported)],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "eu-west-1", **KEYS},
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("place", LEFT_OUT)
def test_what_is_left_out_is_there_to_be_left_out(packaged: Packaged, place: str) -> None:
    installed = Path(distribution("opensearch-py").locate_file(""))  # type: ignore[arg-type]
    assert (installed / place).exists()
    stem = place.removesuffix(".py")
    kept = [name for name in names(packaged) if name.startswith(stem)]
    assert all("jmespath_utils" in name or name == f"{place}__init__.pyc" for name in kept), kept


def _project(tmp_path: Path, app: str, requirements: str) -> Path:
    project = tmp_path / "project"
    (project / "chalicelib").mkdir(parents=True)
    (project / ".chalice").mkdir()
    (project / "chalicelib" / "__init__.py").touch()
    config = (PROJECT / ".chalice" / "config.json").read_text()
    (project / ".chalice" / "config.json").write_text(config)
    (project / "app.py").write_text(app)
    (project / "requirements.txt").write_text(requirements)
    return project


def test_an_application_that_does_not_load_is_not_packaged_and_says_why(tmp_path: Path) -> None:
    project = _project(tmp_path, "import no_such_module\n", "")
    with pytest.raises(PackagingError, match="no_such_module"):
        package(tmp_path / "out", project=project, say=silent)
    assert not (tmp_path / "out" / "deployment.zip").exists()


def test_a_missing_application_is_named(tmp_path: Path) -> None:
    project = _project(tmp_path, "", "")
    (project / "app.py").unlink()
    with pytest.raises(PackagingError, match=r"app\.py is missing"):
        package(tmp_path / "out", project=project, say=silent)


def test_a_package_of_another_version_is_not_deployed(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("six==0.1  # too old\n")
    with pytest.raises(PackagingError, match=rf"six is installed as {version('six')}, not as 0\.1; run `pip"):
        list(files(requirements))


def test_a_package_that_is_not_installed_is_named(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("no-such-package==1.0\n")
    with pytest.raises(PackagingError, match=r"no-such-package 1\.0 is not installed"):
        list(files(requirements))


def test_a_package_that_runs_on_one_processor_only_is_refused(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"pydantic_core=={version('pydantic_core')}\n")
    with pytest.raises(PackagingError, match="cannot do without machine code"):
        list(files(requirements))


def test_a_requirement_without_a_version_is_refused(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# comment\n\nsix>=1\n")
    with pytest.raises(PackagingError, match="`six>=1` names no exact version"):
        pins(requirements)
