"""What reviews take in."""

from courseplatform.api import Body, Text, Whole, field


class ReviewBody(Body):
    rating = field(Whole(1, 5), description="1, the worst, to 5, the best.")
    text = field(Text(5_000), missing="")
