"""What notes take in and give out."""

from courseplatform.api import Answer, AnyText, Body, Id, Moment, Text, Whole, field


class NoteBody(Body):
    title = field(Text(200, min_chars=1))
    text = field(Text(5_000), missing="")


class NoteAnswer(Answer):
    id = field(Id())
    course_id = field(Id())
    title = field(AnyText())
    text = field(AnyText())
    word_count = field(Whole(), nullable=True, description="Null until it is counted.")
    created_at = field(Moment())


class NoteCountAnswer(Answer):
    note_count = field(Whole())
