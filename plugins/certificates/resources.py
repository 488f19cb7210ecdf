"""``/users/certificates``: for students, staff and administrators; ``/certificates``: for whoever holds a code.

``/status-lists``: for everybody.
"""

from typing import Any

from sqlalchemy import select

from courseplatform.api import (
    Allow,
    Authenticated,
    Collection,
    Deny,
    Everyone,
    Item,
    Node,
    Request,
    role_principals,
    user_principal,
)

from .models import Certificate
from .permissions import P


class CertificateItem(Item):
    """``/users/certificates/{certificate_id}``: reading another's is a 404, but writing it a 403.

    Nobody writes the own one, not even an administrator: that would be issuing to oneself.
    """

    model, kind, hidden_permissions = Certificate, "certificate", (P.VIEW,)

    @property
    def __acl__(self) -> Any:
        certificate: Certificate = self.row
        student = user_principal(certificate.student_id)
        staff = role_principals("certificate", certificate.id, ("teacher",))
        acl = [(Deny, student, P.EDIT), (Allow, student, P.VIEW)]
        return acl + [(Allow, principal, (P.VIEW, P.EDIT)) for principal in staff]


class Certificates(Collection):
    """``/users/certificates``: one's own, and those of the courses one teaches."""

    item = CertificateItem
    # Whose course it is stands in the body: the operation asks that.
    __acl__ = [(Allow, Authenticated, P.LIST), (Allow, "role:teacher", P.ISSUE)]


class Verification(Item):
    """``/certificates/{verification_code}``: a code that was never issued is as unknown as one that never was."""

    model, kind, is_keyed, is_public = Certificate, "verification", False, True
    __acl__ = [(Allow, Everyone, P.VERIFY)]

    def __init__(self, request: Request, name: str, parent: Node | None = None) -> None:
        super().__init__(request, name, parent)
        code = name.upper()  # people type it
        self.row = request.db.scalars(
            select(Certificate).where(Certificate.verification_code == code, Certificate.status != "not_issued")
        ).one_or_none()


class Verifications(Collection):
    """``/certificates``"""

    item = Verification


class StatusList(Node):
    """``/status-lists/{list_number}``"""

    __acl__ = [(Allow, Everyone, P.VERIFY)]

    @property
    def number(self) -> int:
        return int(self.__name__)


class StatusLists(Node):
    """``/status-lists``"""

    def __getitem__(self, segment: str) -> Node:
        return StatusList(self.request, segment, self)
