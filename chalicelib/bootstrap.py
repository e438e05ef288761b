"""The one place that picks adapters and joins them to the domain; everything is made, and imported, on first use."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


class Services:
    """What the handlers use, one attribute each."""

    @cached_property
    def settings(self) -> Settings:
        """The settings of this deployment. Raises `SettingsError`."""
        return Settings.from_environment(os.environ)

    @cached_property
    def logger(self) -> Logger:
        """The structured log: one JSON object a line."""
        from aws_lambda_powertools import Logger

        return Logger(service="lightrail", level=self.settings.log_level)
