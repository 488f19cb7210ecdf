"""What other plugins may import from notifications."""

from .models import Notification
from .operations import deliver
