"""What certificates take in and give out."""

from courseplatform.api import Answer, AnyText, Body, Choice, Flag, Id, ListQuery, Moment, Text, drop, field

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
    reason = field(Text(1_000, min_chars=1), example="Issued by mistake.")


class CertificateList(ListQuery):
    course_id = field(Id(), missing=None)
    student_id = field(Id(), missing=None)
    status = field(Choice(*STATUSES), missing=None)


class VerificationAnswer(Answer):
    """What everyone who holds the code may know."""

    verification_code = field(AnyText())
    status = field(Choice(*STATUSES))
    is_valid = field(Flag())
    student_name = field(AnyText())
    course_title = field(AnyText())
    teacher_name = field(AnyText())
    issued_at = field(Moment(), nullable=True)
    revoked_at = field(Moment(), nullable=True)


class CertificateAnswer(Answer):
    id = field(Id())
    student_id = field(Id())
    course_id = field(Id(), nullable=True, description="Null: the course is gone.")
    status = field(Choice(*STATUSES))
    issued_at = field(Moment(), nullable=True)
    verification_code = field(AnyText())
    student_name = field(AnyText())
    course_title = field(AnyText())
    teacher_name = field(AnyText())
    revoked_at = field(Moment(), nullable=True)
    revoked_reason = field(AnyText())
