"""What reviews take in and give out."""

from courseplatform.api import Answer, AnyText, Body, Id, Moment, Text, Whole, field


class ReviewBody(Body):
    rating = field(Whole(1, 5), example=5, description="1, the worst, to 5, the best.")
    text = field(Text(5_000), missing="", example="Clear and friendly.")


class ReviewAnswer(Answer):
    id = field(Id())
    course_id = field(Id())
    student_id = field(Id())
    rating = field(Whole(1, 5))
    text = field(AnyText())
    created_at = field(Moment())
    updated_at = field(Moment())
