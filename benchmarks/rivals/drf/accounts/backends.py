from django.contrib.auth.backends import ModelBackend

from .models import User


class LoginBackend(ModelBackend):
    """A username or an e-mail address, whatever its case."""

    def authenticate(self, request, username=None, password=None, **kwargs):
        if username is None or password is None:
            return None
        column = "email" if "@" in username else "username"
        try:
            user = User.objects.get(**{f"{column}__lower": username.lower()})
        except User.DoesNotExist:
            User().set_password(password)  # as slow as for a known one
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None
