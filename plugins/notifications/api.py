"""What other plugins may import from notifications."""

from .models import Notification
from .news import News, Subject
from .operations import tell, tell_role

__all__ = [
    "News",
    "Notification",
    "Subject",
    "tell",
    "tell_role",
]
