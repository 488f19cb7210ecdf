"""Reviews."""

from courseplatform.testing import Client
from plugins.courses.models import Course
from plugins.reviews.operations import write_review

from .accounts import Actor
from .courses import id_of


def make_review(client: Client, course: str, student: Actor, rating: int = 4, text: str = "Clear.") -> str:
    """A review, counted by its course; the address of it. Needs no enrollment."""
    with client.script() as request:
        row = request.db.get(Course, id_of(course))
        review = write_review(request, course=row, student_id=student.user_id, rating=rating, text=text)
        return f"{course}reviews/{review.id}/"
