"""What notes take in."""

from courseplatform.api import Body, Text, field


class NoteBody(Body):
    title = field(Text(200, min_chars=1))
    text = field(Text(5_000), missing="")
