"""What other plugins may import from uploads."""

from .operations import use_upload

__all__ = ["use_upload"]
