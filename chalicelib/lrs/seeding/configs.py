"""Configs by name: the one that is built in, and those in the bucket."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

from chalicelib.errors import LightrailError
from chalicelib.lrs.seeding.config import BUILT_IN, LONGEST_NAME, Config, InvalidConfig
from chalicelib.lrs.seeding.default import DEFAULT
from chalicelib.lrs.seeding.making import Maker
from chalicelib.lrs.seeding.reading import read_config
from chalicelib.plain_yaml import InvalidYaml, parse
from chalicelib.ports.blobs import BlobNotFound, Blobs

PREFIX = "seeding/"
LARGEST = 64 * 1024  # bytes of a config
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{LONGEST_NAME - 1}}}")


class UnusableConfig(LightrailError):
    """There is no such config, or it has faults; `reasons` says all of them, a sentence each."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__(" ".join(reasons))


@dataclass(frozen=True)
class NamedConfig:
    """A config that has no fault; `digest` changes with whatever it says."""

    config: Config
    digest: str


def place_of(name: str) -> str:
    """The key of a config in the bucket."""
    return f"{PREFIX}{name}.yaml"


def config_named(name: str, blobs: Blobs) -> NamedConfig:
    """The config with this name; one in the bucket may not stand in for the one that is built in.

    Raises `UnusableConfig` with every fault, `Unavailable`.
    """
    if not _NAME.fullmatch(name):
        raise UnusableConfig([f"must be a name of 1 to {LONGEST_NAME} letters, digits, - and _."])
    value = DEFAULT if name == BUILT_IN else _in_bucket(name, blobs)
    try:
        config = read_config(value)
        Maker(config).check()
    except InvalidConfig as error:
        raise UnusableConfig([f"names a config with a fault: {fault}" for fault in error.told]) from None
    text = json.dumps(value, sort_keys=True)
    return NamedConfig(config, hashlib.sha256(text.encode()).hexdigest())


def _in_bucket(name: str, blobs: Blobs) -> object:
    raw = b""
    try:
        for chunk in blobs.read(place_of(name)):
            raw += chunk
            if len(raw) > LARGEST:
                raise UnusableConfig([f"names a config that is larger than {LARGEST} bytes."])
    except BlobNotFound:
        raise UnusableConfig(
            [f"must be {BUILT_IN}, or the name of a config in the bucket; there is no {place_of(name)}."]
        ) from None
    try:
        return parse(raw)
    except InvalidYaml as error:
        raise UnusableConfig([f"names a config that is not usable as YAML: {error}"]) from None
