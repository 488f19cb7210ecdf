"""What there is to tell: the directives ``add_notification_kind`` and ``add_notification_subject``."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from pyramid.exceptions import ConfigurationError

from courseplatform.api import Configurator

CHANNELS = ("in_app", "email")

#: Language → a sentence with ``{names}`` in it, or its variants.
Texts = Mapping[str, str | Mapping[str, str]]


@dataclass(frozen=True)
class Kind:
    """``defaults``: channel → whether it takes this kind while its reader has said nothing.

    ``fixed``: the channels that its readers can't switch.
    """

    name: str
    texts: Texts
    defaults: Mapping[str, bool]
    fixed: tuple[str, ...] = ()

    def sentence(self, locale: str, variant: str | None = None) -> str:
        """In a language, else in English. Raises: KeyError for an unknown variant."""
        return sentences(self.texts.get(locale, self.texts["en"]))[variant]

    def goes_to(self, channel: str, preferences: Mapping[str, Any]) -> bool:
        """Whether a reader with these stored preferences wants it there."""
        default = self.defaults[channel]
        return default if channel in self.fixed else preferences.get(channel, {}).get(self.name, default)

    def require_told(self, variant: str | None, told: Collection[str]) -> None:
        """Raises: LookupError for an unknown variant, or if the sentence names something that is not ``told``."""
        known = sentences(self.texts["en"])
        if variant not in known:
            raise LookupError(f"the kind {self.name!r} has the variants {list(known)}, and not {variant!r}")
        missing = names(known[variant]) - set(told)
        if missing:
            raise LookupError(f"the text of the kind {self.name!r} needs {', '.join(sorted(missing))} in told=")


def sentences(text: str | Mapping[str, str]) -> Mapping[str | None, str]:
    """Sentence by variant; None stands for the only one."""
    return {None: text} if isinstance(text, str) else dict(text)


def names(sentence: str) -> set[str]:
    """The values that a sentence asks for."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def add_notification_kind(
    config: Configurator, kind: str, texts: Any, email: bool = False, fixed: tuple[str, ...] = ()
) -> None:
    """Let ``tell`` and ``tell_role`` tell this ``kind``; readers may switch it per channel.

    ``texts``: a mapping (or its dotted name) of language → a sentence with ``{names}`` in it, English at least; where a
    kind says different things, of language → variant → sentence. ``email``: whether it is mailed by default.
    ``fixed``: channels that readers can't switch.
    """
    texts = config.maybe_dotted(texts)
    spoken = [{variant: names(text) for variant, text in sentences(found).items()} for found in texts.values()]
    if "en" not in texts or any(other != spoken[0] for other in spoken):
        raise ConfigurationError(f"{kind}: English is needed, and the same variants and names in every language")
    made = Kind(kind, texts, {"in_app": True, "email": email}, fixed)
    config.action(("notification kind", kind), lambda: config.registry["notifications.kinds"].update({kind: made}))


def add_notification_subject(config: Configurator, subject_type: str, audience: Any, may_know: Any = None) -> None:
    """Say who can see subjects of this type at the moment of a delivery.

    ``audience(request, subject_id, told)`` names the roles at the subject's course whose holders can see it now, and
    none if it is gone, or is no longer as the values that are ``told`` say. Whoever must not see it is told nothing.
    ``may_know(request, user_id, subject_id, told)``: SQL, whether a holder of such a role may, where they differ; staff
    always may.
    """
    audience, may_know = config.maybe_dotted(audience), config.maybe_dotted(may_know)
    config.action(
        ("notification subject", subject_type),
        lambda: config.registry["notifications.subjects"].update({subject_type: (audience, may_know)}),
    )


def includeme(config: Configurator) -> None:
    config.registry["notifications.kinds"], config.registry["notifications.subjects"] = {}, {}
    config.add_directive("add_notification_kind", add_notification_kind)
    config.add_directive("add_notification_subject", add_notification_subject)
