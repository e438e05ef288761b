"""Settings are read once, and every fault is told at once."""

import pytest

from chalicelib.settings import Settings, SettingsError
from tests.doubles.world import ENVIRONMENT


def test_defaults_are_those_of_a_careful_deployment() -> None:
    settings = Settings.from_environment(ENVIRONMENT)
    assert settings.fetch_schemes == ("https", "s3")
    assert settings.fetch_allowed_hosts == ("*",)
    assert (settings.delta_block_scope, settings.entries_per_message, settings.delta_strict) == (
        "article",
        1,
        False,
    )
    assert (settings.opensearch_signed, settings.article_index, settings.cors_origins) == (
        False,
        "articles",
        ("*",),
    )
    assert settings.log_level == "INFO"
    assert (settings.lrs_index, settings.lrs_pipeline_defaults, settings.lrs_pipeline_forced) == (
        "lrs",
        {},
        {},
    )
    apis = (settings.jobs_api, settings.data_api, settings.logging_api, settings.access_api)
    assert apis == (True, True, True, True)


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({})
    assert raised.value.faults == [f"{name} is missing" for name in ENVIRONMENT]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENTRIES_PER_MESSAGE", "0"),
        ("ENTRIES_PER_MESSAGE", "101"),
        ("ENTRIES_PER_MESSAGE", "1.5"),
        ("DELTA_BLOCK_SCOPE", "file"),
        ("DELTA_STRICT", "yes"),
        ("OPENSEARCH_SIGNED", "1"),
        ("OPENSEARCH_URL", "search.example.com"),
        ("FILE_QUEUE_URL", "delta-file.fifo"),
        ("FETCH_SCHEMES", "https,ftp"),
        ("FETCH_SCHEMES", ","),
        ("FETCH_TIMEOUT_SECONDS", "nan"),
        ("FETCH_TIMEOUT_SECONDS", "901"),
        ("FETCH_TIMEOUT_SECONDS", "x"),
        ("FETCH_MAX_BYTES", "0"),
        ("FETCH_MAX_RATIO", "-1"),
        ("CORS_ORIGINS", " , "),
        ("LOG_LEVEL", "LOUD"),
        ("JOBS_API", "on"),
        ("LRS_PIPELINE_DEFAULTS", "validate_statements"),
        ("LRS_PIPELINE_DEFAULTS", "[]"),
        ("LRS_PIPELINE_DEFAULTS", '{"validate_statements": "false"}'),
        ("LRS_PIPELINE_DEFAULTS", '{"validate": true}'),
        ("LRS_PIPELINE_FORCED", '{"authority_name": true}'),
        ("LRS_PIPELINE_FORCED", '{"check_conflicts": null}'),
        ("LRS_PSEUDONYM_HOMEPAGE", "pseudonyms"),
        ("LRS_PSEUDONYM_HOMEPAGE", f"https://{'x' * 100}.example.com"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({**ENVIRONMENT, name: value})
    assert len(raised.value.faults) == 1
    assert raised.value.faults[0].startswith(f"{name} must ")


def test_several_faults_are_told_together() -> None:
    with pytest.raises(SettingsError, match="BUCKET is missing; DELTA_STRICT must be true or false"):
        Settings.from_environment({**ENVIRONMENT, "BUCKET": " ", "DELTA_STRICT": "maybe"})


def test_values_are_read() -> None:
    settings = Settings.from_environment(
        {
            **ENVIRONMENT,
            "ENTRIES_PER_MESSAGE": "25",
            "FETCH_SCHEMES": "https, http",
            "FETCH_ALLOWED_HOSTS": "*,127.0.0.1",
            "FETCH_TIMEOUT_SECONDS": "1.5",
            "OPENSEARCH_SIGNED": "TRUE",
            "OPENSEARCH_URL": "http://127.0.0.1:9200/",
            "DATA_API": "false",
            "LRS_PIPELINE_DEFAULTS": '{"check_conflicts": false}',
            "LRS_PIPELINE_FORCED": '{"authority_name": "Academy", "record_attachments": true}',
        }
    )
    assert (settings.entries_per_message, settings.fetch_timeout_seconds, settings.opensearch_signed) == (
        25,
        1.5,
        True,
    )
    assert settings.fetch_schemes == ("https", "http")
    assert settings.fetch_allowed_hosts == ("*", "127.0.0.1")
    assert settings.opensearch_url == "http://127.0.0.1:9200"
    assert (settings.data_api, settings.jobs_api) == (False, True)
    assert settings.lrs_pipeline_defaults == {"check_conflicts": False}
    assert settings.lrs_pipeline_forced == {"authority_name": "Academy", "record_attachments": True}


def test_every_fault_of_pipeline_options_is_told() -> None:
    given = '{"validate": true, "check_conflicts": 1, "authority_name": false}'
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({**ENVIRONMENT, "LRS_PIPELINE_FORCED": given})
    unknown, conflicts, authority = raised.value.faults
    assert "must not name validate; the options are validate_statements" in unknown
    assert conflicts == "LRS_PIPELINE_FORCED must give true or false as check_conflicts"
    assert authority == "LRS_PIPELINE_FORCED must give a text as authority_name"
