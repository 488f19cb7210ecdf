"""What certificates take in."""

from courseplatform.api import Body, Choice, Id, ListQuery, Text, drop, field

STATUSES = ("not_issued", "issued", "revoked")


class NewCertificate(Body):
    student_id = field(Id())
    course_id = field(Id())
    override_reason = field(
        Text(1_000), missing="", description="Why it is issued although the requirements are not met."
    )


class CertificateBody(Body):
    student_id = field(Id(), missing=drop, description="Can't be changed.")
    course_id = field(Id(), missing=drop, nullable=True, description="Can't be changed.")
    status = field(Choice(*STATUSES))


class Revocation(Body):
    reason = field(Text(1_000, min_chars=1))


class CertificateList(ListQuery):
    course_id = field(Id(), missing=None)
    student_id = field(Id(), missing=None)
    status = field(Choice(*STATUSES), missing=None)
