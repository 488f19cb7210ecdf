"""What other plugins may import from accounts."""

from .events import PasswordChanged, SessionsEnded, UserErased, UserForgotten, UserRoleChanged
from .external import is_email, register_external
from .keys import jwks, sign_jwt
from .models import SignInSession, User
from .operations import find_by_login, get_active_user, register
from .representations import user_card, user_cards
from .resources import Me, Users
from .sessions import open_session, user_of_session
from .verification import is_mailable
