"""Settings: declared by ``add_setting``, typed once, all faults reported together.

A value is looked up in the environment first, then in the ini file, then in the declaration's default.
``accounts.token_secret`` reads ``COURSEPLATFORM_ACCOUNTS_TOKEN_SECRET`` unless the declaration names another variable,
or the file that ``COURSEPLATFORM_ACCOUNTS_TOKEN_SECRET_FILE`` names: so containers are handed their secrets.
"""

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pyramid.config import PHASE0_CONFIG, Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.settings import asbool, aslist

#: Settings are read before anything else is set up, so that every other action finds them typed.
DECLARE_ORDER = PHASE0_CONFIG - 20
CHECK_ORDER = PHASE0_CONFIG - 10

MIN_SECRET_CHARS = 32
#: What secrets begin with that came with an example, an image or a tutorial.
PLACEHOLDERS = (
    "change", "secret", "password", "passw0rd", "example", "placeholder", "default", "todo", "xxx", "your", "insert",
    "replace", "dummy", "admin", "minio", "guest", "root", "postgres", "redis", "courseplatform", "qwerty", "letmein",
    "12345678", "<", "${", "{{",
)  # fmt: skip
#: And what they have somewhere in them.
TELLTALES = ("changeme", "change-me", "change_me", "placeholder", "my-secret", "my_secret", "supersecret", "not-secret")
#: Where examples and tests keep their servers.
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Setting:
    name: str
    cast: Callable[[str], Any]
    default: Any
    required: bool
    secret: bool
    env: str
    min_chars: int = MIN_SECRET_CHARS

    def read(self, settings: Mapping[str, Any], environ: Mapping[str, str]) -> Any:
        """The typed value. Raises: ValueError with a sentence that never repeats the value."""
        given = from_environment(environ, self.env) or settings.get(self.name)
        if given is None or given == "":
            if self.required:
                raise ValueError(f"is required; set it in the ini file or as {self.env}")
            return self.default
        if self.secret and is_placeholder(str(given), self.min_chars):
            raise ValueError(f"is a placeholder or shorter than {self.min_chars} characters; set {self.env}")
        try:
            return self.cast(given)
        except (TypeError, ValueError) as error:
            cast_name = getattr(self.cast, "__name__", str(self.cast))
            raise ValueError(f"can't be read as {cast_name}") from error


def variable(name: str) -> str:
    """The environment variable that overrides a setting, unless its declaration names another."""
    return "COURSEPLATFORM_" + name.removeprefix("courseplatform.").upper().replace(".", "_")


def from_environment(environ: Mapping[str, str], env: str) -> str | None:
    """What a variable says, or the file that ``<variable>_FILE`` names, without the line's end; None if neither is set.

    Raises: ValueError if both are set, or if the file can't be read or is empty: a secret is not left out in silence.
    """
    given, path = environ.get(env), environ.get(f"{env}_FILE")
    if not path:
        return given or None
    if given:
        raise ValueError(f"{env} and {env}_FILE are both set; keep one")
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the file that {env}_FILE names can't be read: {type(error).__name__}") from None
    if not text:
        raise ValueError(f"the file that {env}_FILE names is empty")
    return text


def raw(settings: Mapping[str, Any], name: str, env: str | None = None) -> Any:
    """A setting's text before it is typed: the environment's, else the ini file's, else None.

    Raises: ConfigurationError.
    """
    try:
        return from_environment(os.environ, env or variable(name)) or settings.get(name)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None


def kept_secret(var_dir: Path, name: str) -> str:
    """A random secret for the setting ``name``, made at the first start and readable by its owner only."""
    folder = var_dir / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as target:
        target.write(secrets.token_urlsafe(48))
    return path.read_text()


def is_placeholder(secret: str, min_chars: int = MIN_SECRET_CHARS) -> bool:
    """Whether a secret is too short, too plain or a word left over from an example file."""
    lowered = secret.lower()
    return (
        len(secret) < min_chars
        or len(set(secret)) < min(8, min_chars)
        or secret in (secret + secret)[1:-1]  # one piece again and again
        or lowered.startswith(PLACEHOLDERS)
        or any(word in lowered for word in TELLTALES)
    )


def password_faults(settings: Mapping[str, Any], name: str) -> Iterator[str]:
    """Whether the password within an address is a placeholder; servers on this machine may have one."""
    try:
        parts = urlsplit(str(settings.get(name) or ""))
    except ValueError:  # which its cast has told
        return
    if parts.password and parts.hostname not in THIS_MACHINE and is_placeholder(unquote(parts.password), min_chars=1):
        yield f"{name}: its password is a placeholder"


def positive_int(raw: str) -> int:
    """A whole number above zero. Raises: ValueError."""
    value = int(raw)
    if value <= 0:
        raise ValueError
    return value


def natural_int(raw: str) -> int:
    """A whole number, zero or above. Raises: ValueError."""
    value = int(raw)
    if value < 0:
        raise ValueError
    return value


def add_setting(
    config: Configurator,
    name: str,
    cast: Callable[[str], Any] = str,
    default: Any = None,
    required: bool = False,
    secret: bool = False,
    env: str | None = None,
    embedded: Any = None,
    min_chars: int = MIN_SECRET_CHARS,
) -> None:
    """Declare the setting ``name`` (``namespace.key``); ``registry.settings[name]`` then holds its typed value.

    ``env``: the environment variable that overrides the ini file; derived from the name unless given.
    ``embedded``: its default on a developer's machine (``courseplatform.embedded``), where it is then not required.
    ``min_chars``: of a secret; less than 32 only for one that somebody else makes, such as a mail server's password.
    """
    if embedded is not None and asbool(raw(config.registry.settings, "courseplatform.embedded")):
        default, required = embedded, False
    declared = Setting(name, cast, default, required, secret, env or variable(name), min_chars)
    introspectable = config.introspectable("settings", name, name, "setting")
    introspectable["setting"] = declared
    config.action(
        ("setting", name),
        lambda: config.registry["settings.declared"].append(declared),
        order=DECLARE_ORDER,
        introspectables=(introspectable,),
    )


def add_settings_check(config: Configurator, check: Callable[[Mapping[str, Any]], Iterable[str]]) -> None:
    """Let ``check(settings)`` name faults that no single setting has. Some values may be faulty themselves."""
    config.action(
        ("settings check", check), lambda: config.registry["settings.checks"].append(check), order=DECLARE_ORDER
    )


def check_settings(config: Configurator) -> None:
    """Type every declared setting. Raises: ConfigurationError naming all faults at once."""
    settings, declared = config.registry.settings, config.registry["settings.declared"]
    faults = []
    for setting in declared:
        if (
            setting.secret
            and setting.required
            and asbool(raw(settings, "courseplatform.embedded"))
            and not settings.get(setting.name)
        ):
            settings[setting.name] = kept_secret(Path(settings["courseplatform.var_dir"]), setting.name)
        try:
            settings[setting.name] = setting.read(settings, os.environ)
        except ValueError as error:
            faults.append(f"{setting.name}: {error}")
    for check in config.registry["settings.checks"]:
        faults += check(settings)
    known = {setting.name for setting in declared}
    namespaces = {name.partition(".")[0] for name in known}
    faults += [
        f"{key}: no such setting"
        for key in settings
        if "." in key and key.partition(".")[0] in namespaces and key not in known
    ]
    if faults:
        raise ConfigurationError("The configuration has faults:\n  " + "\n  ".join(sorted(faults)))


def includeme(config: Configurator) -> None:
    config.registry["settings.declared"], config.registry["settings.checks"] = [], []
    config.add_directive("add_setting", add_setting)
    config.add_directive("add_settings_check", add_settings_check)
    config.add_setting("courseplatform.plugins", aslist, required=True)
    config.add_setting("courseplatform.embedded", asbool, default=False)
    config.add_setting("courseplatform.var_dir", default="var")
    config.action("check settings", check_settings, args=(config,), order=CHECK_ORDER)
