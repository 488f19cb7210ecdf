"""Settings: typed once, all faults together, nothing of a value in a message."""

import re
import stat
from pathlib import Path
from typing import Any

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError, ConfigurationError, ConfigurationExecutionError

from courseplatform import configure
from courseplatform.db import postgresql_url
from courseplatform.settings import is_placeholder, positive_int, raw
from courseplatform.testing import PLUGINS, without_environment

from .conftest import SETTINGS, build


def faults_of(**settings: Any) -> str:
    with pytest.raises(ConfigurationExecutionError) as caught:
        build(**settings)
    return str(caught.value)


def test_all_faults_of_a_configuration_are_in_one_error() -> None:
    message = faults_of(
        **{
            "database.url": "",
            "database.pool_size": "many",
            "accounts.token_secret": "short",
            "accounts.session_ttl_s": "-1",
            "http.max_body_byte": "10",
        }
    )
    for name in (
        "database.url: is required",
        "database.pool_size: can't be read as positive_int",
        "accounts.token_secret: is a placeholder",
        "accounts.session_ttl_s: can't be read",
        "http.max_body_byte: no such setting",
    ):
        assert name in message


def test_an_unknown_key_in_a_declared_namespace_is_a_fault() -> None:
    assert "courses.speling: no such setting" not in faults_of(**{"accounts.speling": "1", "courses.speling": "1"})
    assert "accounts.speling: no such setting" in faults_of(**{"accounts.speling": "1"})


def test_keys_of_namespaces_that_nobody_declared_are_left_alone() -> None:
    assert build(**{"pyramid.reload_templates": "true", "elsewhere.key": "1"})


@pytest.mark.parametrize(
    "secret",
    [
        "changeme" * 6,
        "secret" * 10,
        "a" * 64,
        "0123456789abcdefghijklmnopqrstu",
        "Example-0123456789-abcdefghijklmnop",
        "your-token-secret-0123456789-abcdef",
        "${TOKEN_SECRET}-0123456789-abcdefghi",
        "<32 random characters, please>....",
        "zq8Wn-CHANGE_ME-0123456789-abcdefgh",
        "k8Xw2Zq9Lm" * 4,
    ],
)
def test_a_placeholder_or_short_secret_is_refused_and_not_repeated(secret: str) -> None:
    assert is_placeholder(secret)
    message = faults_of(**{"accounts.token_secret": secret})
    assert "COURSEPLATFORM_ACCOUNTS_TOKEN_SECRET" in message
    assert secret not in message


SECRETS = {
    "accounts.token_secret": "COURSEPLATFORM_ACCOUNTS_TOKEN_SECRET",
    "metrics.token": "COURSEPLATFORM_METRICS_TOKEN",
    "mail.password": "COURSEPLATFORM_MAIL_PASSWORD",
    "files.s3_secret_access_key": "COURSEPLATFORM_FILES_S3_SECRET_ACCESS_KEY",
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("secret", ["changeme", "minioadmin", "Password-of-the-server", "postgres", "<your password>"])
def test_no_secret_setting_takes_a_placeholder(name: str, secret: str) -> None:
    message = faults_of(**{name: secret})
    assert f"{name}: is a placeholder" in message and SECRETS[name] in message and secret not in message


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("database.url", "postgresql://user:%s@database/courses"),
        ("database.direct_url", "postgresql://user:%s@database/courses"),
        ("database.replica_url", "postgresql://user:%s@standby/courses"),
        ("redis.url", "redis://:%s@redis/0"),
        ("redis.url", "rediss://user:%s@redis.example.org:6380/0"),
    ],
)
def test_the_password_in_an_address_is_no_placeholder_unless_the_server_is_here(name: str, url: str) -> None:
    for word in ("password", "changeme", "postgres", "your%2Dpassword"):
        message = faults_of(**{name: url % word})
        assert f"{name}: its password is a placeholder" in message
        assert f":{word}@" not in message
    assert build(**{name: url % "k8Xw2Zq9Lm"})
    for host in ("127.0.0.1", "localhost", "[::1]"):
        assert build(**{name: f"{url.partition('@')[0] % 'postgres'}@{host}/0"})


def test_every_secret_of_every_plugin_is_declared_as_one() -> None:
    """By its name: so it is checked, never shown, and part of what seals."""
    settings = {**SETTINGS, "oidc.providers": "one", "oidc.one.issuer": "https://id.test", "oidc.one.client_id": "x"}
    settings["courseplatform.plugins"] = " ".join(PLUGINS)
    with without_environment():
        declared = configure(settings).registry["settings.declared"]
    named = {one.name for one in declared if re.search(r"(secret|secret_access_key|password|[._]token)$", one.name)}
    assert named == {one.name for one in declared if one.secret} == {*SECRETS, "oidc.one.client_secret"}


def test_a_missing_secret_is_refused_unless_embedded() -> None:
    assert "accounts.token_secret: is required" in faults_of(**{"accounts.token_secret": ""})


@pytest.mark.parametrize(
    "url", ["mysql://root:hunter22@host/x", "hunter22", "postgresql://u:hunter22@host:port22/x", "://hunter22"]
)
def test_a_bad_database_url_is_a_fault_among_others_and_not_repeated(url: str) -> None:
    message = faults_of(**{"database.url": url, "accounts.session_ttl_s": "0"})
    assert "database.url: can't be read" in message
    assert "accounts.session_ttl_s" in message
    assert "hunter22" not in message


def test_a_bare_postgresql_url_is_normalised_to_psycopg2() -> None:
    for url in ("postgresql://u:p%40w@h/d", "postgres://u:p%40w@h/d", "postgresql+psycopg://u:p%40w@h/d"):
        assert postgresql_url(url) == "postgresql+psycopg2://u:p%40w@h/d"


def test_the_environment_overrides_the_ini_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSEPLATFORM_ACCOUNTS_SESSION_TTL_S", "77")
    monkeypatch.setenv("DATABASE_URL", "postgresql://other@host/base")
    with Configurator(settings={**SETTINGS, "accounts.session_ttl_s": "5"}) as config:
        config.include("courseplatform")
        config.include("plugins.accounts")
    config.commit()
    assert config.registry.settings["accounts.session_ttl_s"] == 77
    assert config.registry.settings["database.url"] == "postgresql+psycopg2://other@host/base"


def faults_with_environment(**settings: Any) -> str:
    with Configurator(settings={**SETTINGS, **settings}) as config:
        config.include("courseplatform")
        config.include("plugins.accounts")
        with pytest.raises(ConfigurationExecutionError) as caught:
            config.commit()
        config.action_state.actions = []
    return str(caught.value)


SECRET_ENV = "COURSEPLATFORM_ACCOUNTS_TOKEN_SECRET"


def test_a_secret_can_come_from_a_file_that_a_variable_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret, url = tmp_path / "secret", tmp_path / "url"
    secret.write_text("0123456789-abcdefghijklmnop-ABCDEF\n")
    url.write_text("postgresql://filed@host/base\n")
    monkeypatch.setenv(f"{SECRET_ENV}_FILE", str(secret))
    monkeypatch.setenv("DATABASE_URL_FILE", str(url))
    with Configurator(settings={**SETTINGS, "accounts.token_secret": "of the ini file, not read at all"}) as config:
        config.include("courseplatform")
        config.include("plugins.accounts")
    config.commit()
    assert config.registry.settings["accounts.token_secret"] == "0123456789-abcdefghijklmnop-ABCDEF"
    assert config.registry.settings["database.url"] == "postgresql+psycopg2://filed@host/base"
    assert raw({}, "database.url", "DATABASE_URL") == "postgresql://filed@host/base"


@pytest.mark.parametrize(
    ("content", "fault"), [(b"  \n", "is empty"), (b"\xff\xfe", "UnicodeDecodeError"), (None, "FileNotFoundError")]
)
def test_a_file_without_a_secret_is_a_fault_and_not_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, fault: str
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv(f"{SECRET_ENV}_FILE", str(path))
    message = faults_with_environment(**{"accounts.session_ttl_s": "0"})
    assert "accounts.session_ttl_s" in message
    assert f"accounts.token_secret: the file that {SECRET_ENV}_FILE names" in message
    assert fault in message


def test_a_placeholder_in_a_file_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("changeme" * 6)
    monkeypatch.setenv(f"{SECRET_ENV}_FILE", str(tmp_path / "secret"))
    message = faults_with_environment()
    assert "accounts.token_secret: is a placeholder" in message
    assert "changeme" not in message


def test_a_variable_and_its_file_are_one_too_many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("0123456789-abcdefghijklmnop-ABCDEF")
    monkeypatch.setenv(SECRET_ENV, "9876543210-abcdefghijklmnop-ABCDEF")
    monkeypatch.setenv(f"{SECRET_ENV}_FILE", str(tmp_path / "secret"))
    message = faults_with_environment()
    assert f"{SECRET_ENV} and {SECRET_ENV}_FILE are both set" in message
    assert "0123456789" not in message and "9876543210" not in message


def test_what_is_read_before_the_settings_are_typed_names_a_file_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL_FILE", "/nowhere")
    with pytest.raises(ConfigurationError, match=r"database\.url: the file that DATABASE_URL_FILE names"):
        raw({}, "database.url", "DATABASE_URL")


def test_a_setting_is_typed_and_a_missing_one_has_its_default() -> None:
    settings = build(**{"accounts.session_ttl_s": "60"}).registry.settings
    assert settings["accounts.session_ttl_s"] == 60
    assert settings["accounts.access_token_ttl_s"] == 900
    assert settings["jobs.in_process"] is True


def test_two_declarations_of_one_setting_are_a_conflict() -> None:
    with pytest.raises(ConfigurationConflictError, match=r"accounts\.token_issuer"):
        build(lambda config: config.add_setting("accounts.token_issuer"))


@pytest.mark.parametrize("raw", ["0", "-3", "1.5", "many", ""])
def test_a_positive_int_is_above_zero(raw: str) -> None:
    with pytest.raises(ValueError):
        positive_int(raw)


def test_embedded_makes_a_required_secret_once_and_for_its_owner_only(tmp_path: Path) -> None:
    embedded = {"courseplatform.embedded": "true", "courseplatform.var_dir": str(tmp_path), "accounts.token_secret": ""}
    first, second = (build(**embedded).registry.settings["accounts.token_secret"] for _ in range(2))
    assert first == second
    assert len(first) >= 43
    path = tmp_path / "secrets" / "accounts.token_secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_embedded_makes_no_secret_that_is_optional(tmp_path: Path) -> None:
    def includeme(config: Configurator) -> None:
        config.add_setting("oauth.client_secret", secret=True)

    settings = build(
        includeme, **{"courseplatform.embedded": "true", "courseplatform.var_dir": str(tmp_path)}
    ).registry.settings
    assert settings["oauth.client_secret"] is None
