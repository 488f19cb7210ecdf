"""How large the world is, and who hands in what when, in numbers.

Only the number of submissions grows with the scale: what else is there is what 200 teachers and 20,000 students have.
Course 0 is everybody's, and its first assignment has the deep pages; course 1 has the full gradebook; the others have
a class each that hands in assignment after assignment, all classes at once: work on one is scattered over the table.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

DAY_MS = 86_400_000
#: When the first user came: the beginning of 2024. Work is handed in from September on, for eight months.
BEGAN_MS = 1_704_067_200_000
WORK_BEGAN_MS, WORK_ENDED_MS = BEGAN_MS + 244 * DAY_MS, BEGAN_MS + 484 * DAY_MS


@dataclass(frozen=True)
class Shape:
    submissions: int = 500_000
    teachers: int = 200
    students: int = 20_000
    courses: int = 2_000
    lessons: int = 20
    assignments: int = 2
    graded_students: int = 1_000
    class_size: int = 30
    drafts: int = 10

    @property
    def a_course(self) -> int:
        return self.lessons * self.assignments

    @property
    def crowd(self) -> int:
        """How many have handed in the assignment with the deep pages."""
        return min(self.students, self.submissions // 25)

    @property
    def graded_each(self) -> int:
        """How many assignments of the full gradebook its students have handed in."""
        return min(self.a_course, max(1, self.submissions * 2 // 25 // self.graded_students))

    @property
    def others(self) -> int:
        """How many submissions the ordinary courses have."""
        return self.submissions - self.crowd - self.graded_each * self.graded_students

    @property
    def seats(self) -> int:
        """In an ordinary course: more only if classes would have handed in half of everything."""
        return max(self.class_size, -(-self.others * 2 // (self.a_course * (self.courses - 2))))

    @property
    def rounds(self) -> int:
        """How many assignments of an ordinary course have work, at most."""
        return -(-self.others // (self.seats * (self.courses - 2)))

    def student(self, course: int, seat: int) -> int:
        """Who has a seat."""
        return seat if course < 2 else (course * self.seats + seat) % self.students

    def class_of(self, course: int) -> int:
        """How many have a seat."""
        return (self.students, self.graded_students)[course] if course < 2 else self.seats


#: For tests: all there is, in a second.
SMALL = Shape(200, teachers=3, students=40, courses=8, lessons=3, graded_students=10, class_size=5, drafts=2)


class HandIn(NamedTuple):
    """Some student's work on some assignment, by their numbers."""

    at_ms: int
    course: int
    assignment: int
    student: int


def hand_ins(shape: Shape) -> Iterator[HandIn]:
    """All that is handed in, in the order of time."""

    def spread(count: int) -> Iterator[tuple[int, int]]:
        step = (WORK_ENDED_MS - WORK_BEGAN_MS) / max(count, 1)
        return ((number, WORK_BEGAN_MS + int(number * step)) for number in range(count))

    def crowd() -> Iterator[HandIn]:
        return (HandIn(at, 0, 0, number) for number, at in spread(shape.crowd))

    def graded() -> Iterator[HandIn]:
        for number, at in spread(shape.graded_each * shape.graded_students):
            assignment, seat = divmod(number, shape.graded_students)
            yield HandIn(at, 1, assignment, seat)

    def others() -> Iterator[HandIn]:
        classes, a_round = shape.courses - 2, shape.seats * (shape.courses - 2)
        for number, at in spread(shape.others):
            done, place = divmod(number, a_round)
            # The last round has as many full classes as there is work for: lists have pages at every scale.
            left = shape.others - done * a_round
            taking = min(classes, -(-left // shape.seats))
            seat, course = divmod(place, taking)
            yield HandIn(at, course + 2, done, shape.student(course + 2, seat))

    return heapq.merge(crowd(), graded(), others())
