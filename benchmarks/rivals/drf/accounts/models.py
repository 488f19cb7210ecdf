from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from uuid_utils.compat import uuid7

TEACHING = ("teacher", "admin")
hasher = PasswordHasher(parallelism=1)

models.TextField.register_lookup(Lower)


class User(AbstractBaseUser):
    """The table keeps argon2's own spelling of a hash, not Django's."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    username = models.TextField(unique=True)
    email = models.TextField()
    password = models.TextField(null=True, db_column="password_hash")
    role = models.TextField(default="student")
    first_name = models.TextField(default="")
    last_name = models.TextField(default="")
    locale = models.TextField(default="en")
    is_active = models.BooleanField(default=True)
    last_login = None

    objects = BaseUserManager()
    USERNAME_FIELD = "username"

    class Meta:
        managed = False
        db_table = "users"

    def set_password(self, raw_password):
        self.password = hasher.hash(raw_password)

    def check_password(self, raw_password):
        try:
            return hasher.verify(self.password or "", raw_password)
        except (VerificationError, InvalidHashError):
            return False
