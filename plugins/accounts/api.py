"""What other plugins may import from accounts."""

from .events import UserErased, UserRoleChanged
from .models import User
from .operations import find_by_login, get_active_user, register
from .representations import user_card, user_cards
from .resources import Users
