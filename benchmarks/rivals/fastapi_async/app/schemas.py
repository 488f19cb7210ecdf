from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

T = TypeVar("T")


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Page(BaseModel, Generic[T]):
    results: list[T]
    next: str | None
    previous: str | None


class Credentials(BaseModel):
    username: str
    password: str


class Tokens(BaseModel):
    access_token: str
    token_type: str = "Bearer"


class PublicName(Row):
    id: UUID
    first_name: str
    last_name: str


class Card(PublicName):
    username: str
    role: str


class CourseOut(Row):
    id: UUID
    title: str
    description: str
    teacher_id: UUID
    status: str
    created_at: datetime
    updated_at: datetime
    review_count: int
    review_average: float | None


class WithTeacher(BaseModel):
    teacher: Card | PublicName


class ExpandedCourse(CourseOut):
    extensions: WithTeacher


class FileOut(Row):
    name: str = Field(validation_alias="file_name")
    size_bytes: int = Field(validation_alias="file_size_bytes")
    content_type: str = Field(validation_alias="file_content_type")
    sha256: str = Field(validation_alias="file_sha256")


class Receipt(Row):
    sha256: str = Field(validation_alias="content_sha256")
    received_at: datetime = Field(validation_alias="submitted_at")


class SubmissionOut(Row):
    id: UUID
    assignment_id: UUID
    student_id: UUID
    attempt: int
    text: str
    file: FileOut | None
    status: str
    is_checked: bool
    grade: int | None
    feedback: str
    is_late: bool
    submitted_at: datetime | None
    checked_at: datetime | None
    receipt: Receipt | None


class WithStudent(Row):
    student: Card


class ExpandedSubmission(SubmissionOut):
    extensions: WithStudent


def not_blank(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise ValueError("is empty, or has a NUL")
    return text


class SubmissionIn(BaseModel):
    text: Annotated[str, StringConstraints(max_length=100_000), AfterValidator(not_blank)]


class LessonPatch(BaseModel):
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    description: str | None = None
    is_published: bool | None = None
    is_required: bool | None = None


class LessonOut(Row):
    id: UUID
    course_id: UUID
    title: str
    position: int
    is_published: bool
    is_required: bool
    created_at: datetime
    description: str
    materials: list[Any]


class NotificationOut(Row):
    id: UUID
    recipient_id: UUID
    message: str
    kind: str
    subject: dict[str, Any] | None
    sequence: int
    is_read: bool
    created_at: datetime


class Cell(BaseModel):
    assignment_id: UUID
    submission_id: UUID
    attempt: int
    status: str
    grade: int | None
    is_late: bool
    is_passed: bool
    needs_grading: bool
    counts: bool


class StudentGrades(BaseModel):
    enrollment_id: UUID
    status: str
    student: Card
    cells: list[Cell]
    total_points: int
    max_points: int
    progress_percent: int


class Column(BaseModel):
    assignment_id: UUID
    lesson_id: UUID
    title: str
    max_points: int
    pass_points: int
    is_required: bool
    is_visible: bool


class Gradebook(Page[StudentGrades]):
    columns: list[Column]
