"""Settings: declared by ``add_setting``, typed once, all faults reported together.

A value is looked up in the environment first, then in the ini file, then in the declaration's default.
``accounts.token_secret`` reads ``COURSEPLATFORM_ACCOUNTS_TOKEN_SECRET`` unless the declaration names another variable.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyramid.config import PHASE0_CONFIG, Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.settings import asbool, aslist

from .embedded import kept_secret

#: Settings are read before anything else is set up, so that every other action finds them typed.
DECLARE_ORDER = PHASE0_CONFIG - 20
CHECK_ORDER = PHASE0_CONFIG - 10

MIN_SECRET_CHARS = 32
PLACEHOLDERS = ("change", "secret", "password", "example", "placeholder", "default", "todo", "xxx")


@dataclass(frozen=True)
class Setting:
    name: str
    cast: Callable[[str], Any]
    default: Any
    required: bool
    secret: bool
    env: str

    def read(self, settings: Mapping[str, Any], environ: Mapping[str, str]) -> Any:
        """The typed value. Raises: ValueError with a sentence that never repeats the value."""
        raw = environ.get(self.env) or settings.get(self.name)
        if raw is None or raw == "":
            if self.required:
                raise ValueError(f"is required; set it in the ini file or as {self.env}")
            return self.default
        if self.secret and is_placeholder(str(raw)):
            raise ValueError(f"is a placeholder or shorter than {MIN_SECRET_CHARS} characters; set {self.env}")
        try:
            return self.cast(raw)
        except (TypeError, ValueError) as error:
            cast_name = getattr(self.cast, "__name__", str(self.cast))
            raise ValueError(f"can't be read as {cast_name}") from error


def is_placeholder(secret: str) -> bool:
    """Whether a secret is too short, too plain or a word left over from an example file."""
    return (
        len(secret) < MIN_SECRET_CHARS
        or len(set(secret)) < 8
        or any(secret.lower().startswith(word) for word in PLACEHOLDERS)
    )


def positive_int(raw: str) -> int:
    """A whole number above zero. Raises: ValueError."""
    value = int(raw)
    if value <= 0:
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
) -> None:
    """Declare the setting ``name`` (``namespace.key``); ``registry.settings[name]`` then holds its typed value.

    ``env``: the environment variable that overrides the ini file; derived from the name unless given.
    """
    env = env or "COURSEPLATFORM_" + name.upper().replace(".", "_")
    declared = Setting(name, cast, default, required, secret, env)
    introspectable = config.introspectable("settings", name, name, "setting")
    introspectable["setting"] = declared
    config.action(
        ("setting", name),
        lambda: config.registry["settings.declared"].append(declared),
        order=DECLARE_ORDER,
        introspectables=(introspectable,),
    )


def check_settings(config: Configurator) -> None:
    """Type every declared setting. Raises: ConfigurationError naming all faults at once."""
    settings, declared = config.registry.settings, config.registry["settings.declared"]
    faults = []
    for setting in declared:
        if setting.secret and asbool(settings.get("courseplatform.embedded")) and not settings.get(setting.name):
            settings[setting.name] = kept_secret(Path(settings["courseplatform.var_dir"]), setting.name)
        try:
            settings[setting.name] = setting.read(settings, os.environ)
        except ValueError as error:
            faults.append(f"{setting.name}: {error}")
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
    config.registry["settings.declared"] = []
    config.add_directive("add_setting", add_setting)
    config.add_setting("courseplatform.plugins", aslist, required=True)
    config.add_setting("courseplatform.embedded", asbool, default=False)
    config.add_setting("courseplatform.var_dir", default="var")
    config.action("check settings", check_settings, args=(config,), order=CHECK_ORDER)
