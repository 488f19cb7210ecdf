"""Certificates: the proof that someone took a course, and its public verification.

Offers: certificates, issued by rule when a course is completed or by hand; revocation; verification without signing in;
their PDFs; credentials that prove themselves (Open Badges 3.0), and the command ``verify-certificate``; the events
``CertificateIssued`` and ``CertificateRevoked``.
Needs: enrollments (completion, progress), courses, accounts.
"""

from courseplatform.api import Configurator

from .printing import DEFAULT_URL, font_folders, verification_url


def includeme(config: Configurator) -> None:
    config.include("plugins.accounts")
    config.include("plugins.courses")
    config.include("plugins.enrollments")
    config.add_setting("certificates.issuer_name", default="")
    config.add_setting("certificates.verification_url", verification_url, default=DEFAULT_URL)
    config.add_setting("certificates.font_paths", font_folders, default=())
    config.add_problems("plugins.certificates.problems.PROBLEMS")
    config.add_capability(
        "public_verification", "Anyone verifies a certificate at /api/certificates/{verification_code}/"
    )
    config.add_capability(
        "open_badges", "A certificate's /credential/ is an Open Badge 3.0, verified with /.well-known/did.json"
    )
    config.add_capability("certificate_pdf", "Certificates as PDF at /api/users/certificates/{certificate_id}/pdf/")
    reading = ["certificate:list", "certificate:view", "certificate:verify"]
    config.add_scope("certificates:read", "See certificates", reading, is_read_only=True)
    config.add_scope("certificates:write", "Issue and revoke certificates", ["certificate:issue", "certificate:edit"])
    config.add_resource_node(
        "plugins.accounts.api.Users", "certificates", "plugins.certificates.resources.Certificates"
    )
    config.add_resource_node("courseplatform.api.Root", "certificates", "plugins.certificates.resources.Verifications")
    config.add_resource_node("courseplatform.api.Root", "status-lists", "plugins.certificates.resources.StatusLists")
    config.add_local_role(
        "plugins.certificates.resources.CertificateItem", "teacher", "plugins.certificates.roles.teaches_its_course"
    )
    config.add_representation(
        "plugins.certificates.models.Certificate",
        "plugins.certificates.representations.certificate_json",
        schema="plugins.certificates.schemas.CertificateAnswer",
    )
    config.add_course_dependent("certificates", "plugins.certificates.operations.count_in_course")
    config.add_subscriber("plugins.certificates.subscribers.apply_rule", "plugins.enrollments.api.CourseCompleted")
    config.add_subscriber("plugins.certificates.subscribers.apply_rule", "plugins.enrollments.api.CompletionConfirmed")
    config.add_subscriber(
        "plugins.certificates.subscribers.look_for_missing", "plugins.enrollments.api.RequirementsChanged"
    )
    config.add_subscriber("plugins.certificates.subscribers.redact_name", "plugins.accounts.api.UserForgotten")
    config.add_subscriber(
        "plugins.certificates.subscribers.print_issued", "plugins.certificates.events.CertificateIssued"
    )
    config.add_job_forecast(
        "certificates", "plugins.certificates.jobs.issue_earned_certificate", "plugins.certificates.forecasts.earned"
    )
    config.add_jobs("plugins.certificates.jobs")
    config.add_file_owner("plugins.certificates.models.CertificatePdf.file_key")
    config.add_metrics("plugins.certificates.figures.certificate_figures")
    config.add_export("certificates", "plugins.certificates.exports.certificates")
    config.scan("plugins.certificates.views")
    config.scan("plugins.certificates.credential_views")
    config.scan("plugins.certificates.pdf_views")
