"""Uploads: files that clients send by themselves, before they hand in what they belong to.

Offers: uploads of one's own, with an address that takes just the announced bytes: the storage's own where it is S3,
else one of ours. A plugin makes a stored file of one with ``use_upload``, in the transaction of what it belongs to.
Needs: accounts.
"""

from pyramid.config import Configurator

from courseplatform.api import positive_int

from .settings import check as check_settings


def includeme(config: Configurator) -> None:
    config.include("plugins.accounts")
    config.add_setting("uploads.max_file_bytes", positive_int, default=20 * 1024 * 1024)
    config.add_setting("uploads.max_open", positive_int, default=10)
    config.add_rate_limit("uploads", default="100/hour")
    config.add_settings_check(check_settings)
    config.add_capability(
        "direct_uploads",
        lambda settings: f"Files of up to {settings['uploads.max_file_bytes']} bytes, sent by themselves",
    )
    config.add_problems("plugins.uploads.problems.PROBLEMS")
    config.add_resource_node("courseplatform.api.Root", "uploads", "plugins.uploads.resources.Uploads")
    config.add_representation(
        "plugins.uploads.models.Upload",
        "plugins.uploads.representations.upload_json",
        schema="plugins.uploads.schemas.UploadAnswer",
    )
    config.require_verified("plugins.uploads.resources.Uploads", "upload:begin")
    config.add_export("uploads", "plugins.uploads.exports.uploads")
    config.add_subscriber("plugins.uploads.subscribers.forget_uploads", "plugins.accounts.api.UserForgotten")
    config.add_jobs("plugins.uploads.jobs")
    config.add_periodic_job("plugins.uploads.jobs.purge_uploads", every_s=3600)
    config.scan("plugins.uploads.views")
