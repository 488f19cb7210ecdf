"""What a line of the gradebook is: an enrollment, of which it shows something else than the roster."""

from courseplatform.api import Base
from plugins.enrollments.api import Enrollment


class GradedStudent(Base):
    """An enrollment as the gradebook reads it. The rows are written by enrollments alone."""

    __table__ = Enrollment.__table__
