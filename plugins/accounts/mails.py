"""What accounts write to people, in their language: plain text."""

from .models import User

#: kind → language → subject and text. ``{username}`` is a plain word, so nobody can write letters to strangers by it.
TEXTS = {
    "verify": {
        "en": (
            "Confirm your e-mail address",
            "Hello {username},\n\n"
            "confirm your e-mail address with this link:\n\n{link}\n\n"
            "It works once, for 48 hours. If you did not register, ignore this message.\n",
        ),
        "ru": (
            "Подтвердите адрес электронной почты",
            "Здравствуйте, {username}!\n\n"
            "Подтвердите адрес электронной почты по этой ссылке:\n\n{link}\n\n"
            "Она действует один раз в течение 48 часов. Если вы не регистрировались, просто удалите это письмо.\n",
        ),
    },
    "reset": {
        "en": (
            "Set a new password",
            "Hello {username},\n\n"
            "set a new password with this link:\n\n{link}\n\n"
            "It works once, for one hour, and signs you out everywhere. "
            "If you did not ask for it, ignore this message: your password stays as it is.\n",
        ),
        "ru": (
            "Новый пароль",
            "Здравствуйте, {username}!\n\n"
            "Задайте новый пароль по этой ссылке:\n\n{link}\n\n"
            "Она действует один раз в течение часа и завершает все ваши сеансы. "
            "Если вы об этом не просили, просто удалите это письмо: пароль останется прежним.\n",
        ),
    },
    "change": {
        "en": (
            "Confirm your new e-mail address",
            "Hello {username},\n\n"
            "confirm that this is your new e-mail address:\n\n{link}\n\n"
            "The link works once, for 48 hours. If you did not ask for it, ignore this message.\n",
        ),
        "ru": (
            "Подтвердите новый адрес электронной почты",
            "Здравствуйте, {username}!\n\n"
            "Подтвердите, что это ваш новый адрес электронной почты:\n\n{link}\n\n"
            "Ссылка действует один раз в течение 48 часов. Если вы об этом не просили, просто удалите это письмо.\n",
        ),
    },
    "change_notice": {
        "en": (
            "Your e-mail address is about to change",
            "Hello {username},\n\n"
            "somebody who is signed in as you asked to change your e-mail address to {new_email}.\n"
            "It changes as soon as it is confirmed from there. If that was not you, set a new password now.\n",
        ),
        "ru": (
            "Ваш адрес электронной почты скоро изменится",
            "Здравствуйте, {username}!\n\n"
            "От вашего имени запрошена смена адреса электронной почты на {new_email}.\n"
            "Он изменится, как только его подтвердят по ссылке. Если это были не вы, сейчас же смените пароль.\n",
        ),
    },
    "password_changed": {
        "en": (
            "Your password was changed",
            "Hello {username},\n\n"
            "the password of your account was changed, and your other sessions have ended.\n"
            "If that was not you, set a new one at once: ask for a link to reset your password.\n",
        ),
        "ru": (
            "Ваш пароль изменён",
            "Здравствуйте, {username}!\n\n"
            "Пароль вашей учётной записи изменён, остальные сеансы завершены.\n"
            "Если это были не вы, сейчас же задайте новый: запросите ссылку для сброса пароля.\n",
        ),
    },
}


def compose_mail(kind: str, user: User, **values: str) -> dict[str, str]:
    """Subject and text of a mail to this user."""
    texts = TEXTS[kind]
    subject, text = texts.get(user.locale, texts["en"])
    return {"subject": subject, "text": text.format(username=user.username, **values)}
