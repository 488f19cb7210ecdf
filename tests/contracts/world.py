"""A small world in which every row of the permission matrix has something to act on."""

from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any

from uuid_utils.compat import uuid7

from courseplatform.openapi.page import assets
from courseplatform.testing import Client
from plugins.accounts.api import lasting_key
from plugins.accounts.links import keep_link
from plugins.accounts.models import SignInSession, User
from plugins.assignments.models import Assignment
from plugins.certificates.models import Certificate
from plugins.certificates.operations import make_code
from plugins.certificates.status import place_of
from plugins.comments.models import Comment
from plugins.courses.models import Course, CourseTeacher
from plugins.enrollments.models import Enrollment
from plugins.lessons.models import Lesson
from plugins.notifications.models import Notification
from plugins.oauth.models import OAuthClient, OAuthConsent, PersonalToken
from plugins.oidc.models import ExternalIdentity
from plugins.reviews.models import Review
from plugins.submissions.models import Submission
from plugins.uploads.models import Upload
from plugins.webhooks.models import Delivery, DomainEvent, Webhook
from tests.contracts.contributions import CONTRIBUTIONS
from tests.contracts.matrix import HOST, READING, TOKENS
from tests.factories.accounts import Actor, make_user
from tests.factories.oauth import make_application, make_personal_token

#: A anonymous · S student, not enrolled · E enrolled · T teacher elsewhere · O owner · C co-teacher · D admin
ACTORS = "ASETOCD"
#: Who had rights, and a token, until ``take_rights_away``: L dropped · W removed · R removed co-teacher · Z deactivated
FORMER = "LWRZ"
ROLES = dict.fromkeys("SELWX", "student") | dict.fromkeys("TOCR", "teacher") | dict.fromkeys("DZ", "admin")


class World:
    """``actors`` by letter, and ``ids``: what the placeholders of the matrix stand for; ``own_…`` by actor."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.actors: dict[str, Any] = {"A": client}
        for letter, role in ROLES.items():
            self.actors[letter] = make_user(client, role)
        self.ids: dict[str, str] = {}
        self.own: dict[str, dict[str, str]] = {letter: {} for letter in self.actors}
        self.files: dict[Any, bytes] = {}
        with client.script() as request:
            self.request = request
            self.build()
        del self.request
        self.take_rights_away()

    def add(self, name: str, row: Any, own_of: str | None = None) -> Any:
        """Insert a row; ``ids[name]``, or ``own[actor][name]`` for the rows of one actor."""
        self.request.db.add(row)
        self.request.db.flush()
        (self.own[own_of] if own_of else self.ids)[name] = str(row.id)
        return row

    def user(self, letter: str) -> Any:
        actor: Actor = self.actors[letter]
        return actor.user_id

    def build(self) -> None:
        now = self.request.now
        for letter in ROLES:
            self.ids[f"user_{letter}"] = str(self.user(letter))
        for name, owner, status in (
            ("course", "O", "published"),
            ("draft", "O", "draft"),
            ("archived", "O", "archived"),
            ("elsewhere", "T", "published"),
            ("deleted", "O", "published"),
            ("empty", "O", "published"),
        ):
            made = {"status": status, "created_at": now, "updated_at": now}
            course = self.add(name, Course(title=name, teacher_id=self.user(owner), **made))
            self.build_course(name, course)
            for letter in {"course": "CR", "elsewhere": ""}.get(name, "C"):
                self.request.db.add(CourseTeacher(course_id=course.id, user_id=self.user(letter), added_at=now))
        self.build_own()
        self.build_links()
        lasting_key(self.request)  # which the first use makes
        self.build_webhook()
        self.build_uploads()
        for plugin in CONTRIBUTIONS:
            plugin.build(self)

    def build_links(self) -> None:
        """A mailed link of each purpose; they are X's."""
        user = self.request.db.get_one(User, self.user("X"))
        user.pending_email = "new@example.com"
        for purpose in ("verify", "reset", "change"):
            self.ids[f"token_{purpose}"] = token = f"token-to-{purpose}"
            keep_link(self.request, purpose, token, user, user.pending_email if purpose == "change" else user.email)

    def build_webhook(self) -> None:
        """O's, of their course, to an address that is never connected to; with an event that was delivered."""
        now, course_id = self.request.now, self.ids["course"]
        made = {"course_id": course_id, "event_types": [], "created_at": now}
        webhook = Webhook(owner_id=self.user("O"), url="https://127.0.0.1:9/", sealed_secret=b"x", **made)
        self.add("webhook", webhook)
        event = DomainEvent(sequence=1, type="course.published", occurred_at=now, course_id=course_id, data={})
        self.add("event", event)
        attempt = {"status": "delivered", "queued_at": now, "due_at": now, "attempted_at": now, "status_code": 204}
        self.add("delivery", Delivery(webhook_id=webhook.id, event_id=event.id, **attempt))

    def build_uploads(self) -> None:
        """Everybody's, of the bytes that an empty JSON body has; they have come."""
        made = {"created_at": self.request.now, "expires_at": self.request.now + timedelta(days=1)}
        for letter in ROLES:
            announced = {"name": "w.txt", "size_bytes": 2, "sha256": sha256(b"{}").hexdigest()}
            token = sha256(b"token").hexdigest()
            upload = Upload(owner_id=self.user(letter), token_sha256=token, **announced, **made)
            self.add("own_upload", upload, letter)
            self.request.receive_upload(str(upload.id), BytesIO(b"{}"), 2, announced["sha256"])
            self.files[self.client.registry["files"].incoming(str(upload.id))] = b"{}"
        self.ids["upload_X"] = self.own["X"]["own_upload"]

    def build_course(self, name: str, course: Course) -> None:
        """Lesson, assignment, two students' submissions, comments, review, certificate; names end in the course's."""
        if name == "empty":
            return
        now, db, suffix = self.request.now, self.request.db, "" if name == "course" else f"_{name}"
        lesson = self.add(f"lesson{suffix}", Lesson(course_id=course.id, title="L", position=1, created_at=now))
        self.add(f"second{suffix}", Lesson(course_id=course.id, title="2", position=2, created_at=now))
        hidden = Lesson(course_id=course.id, title="H", position=3, is_published=False, created_at=now)
        self.add(f"hidden{suffix}", hidden)
        self.add(f"assignment_under_hidden{suffix}", Assignment(lesson_id=hidden.id, title="A", created_at=now))
        assignment = self.add(f"assignment{suffix}", Assignment(lesson_id=lesson.id, title="A", created_at=now))
        spare = Assignment(lesson_id=lesson.id, title="spare", created_at=now)
        self.add(f"spare{suffix}", spare)
        self.add(f"unseen{suffix}", Assignment(lesson_id=lesson.id, title="U", is_published=False, created_at=now))
        left = {} if name == "course" else {"L": "dropped", "W": "removed"}  # there as people leave, later
        for letter in "EXLW":
            status = left.get(letter, "active")
            made = {"student_id": self.user(letter), "status": status, "enrolled_at": now}
            enrollment = Enrollment(course_id=course.id, **made)
            self.add(f"enrollment_{letter}{suffix}", enrollment)
            submission = Submission(
                assignment_id=assignment.id, student_id=self.user(letter), attempt=1, text="work", submitted_at=now
            )
            if letter != "X":
                self.attach_file(submission)
            self.add(f"submission_{letter}{suffix}", submission)
            for where in ("lesson", "assignment", "submission"):
                target = {"lesson": lesson, "assignment": assignment, "submission": submission}[where]
                comment = Comment(author_id=self.user(letter), text="hi", created_at=now, **{f"{where}_id": target.id})
                self.add(f"comment_{where}_{letter}{suffix}", comment)
        db.flush()
        review = Review(course_id=course.id, student_id=self.user("X"), rating=4, created_at=now, updated_at=now)
        self.add(f"review_X{suffix}", review)
        course.review_count, course.rating_sum = 1, 4
        certificate = self.add(f"certificate_X{suffix}", self.certificate("X", course))
        self.ids[f"certificate_code{suffix}"] = certificate.verification_code
        self.ids["status_list"] = str(place_of(certificate.status_number)[0])

    def attach_file(self, submission: Submission) -> None:
        stored = self.request.save_file(BytesIO(b"my work"), 100)
        submission.file_key, submission.file_sha256 = stored.key, stored.sha256
        submission.file_name, submission.file_size_bytes = "work.txt", stored.size_bytes
        submission.file_content_type = "text/plain"
        self.files[self.client.registry["files"].path(stored.key)] = b"my work"

    def restore_files(self) -> None:
        """What is taken back in the database has removed a file, or the upload, all the same."""
        for path, content in self.files.items():
            if not path.exists():
                path.write_bytes(content)

    def take_rights_away(self) -> None:
        """As it happens to people: by requests, after their tokens were made and used. And a course is deleted."""
        owner, admin = self.actors["O"], self.actors["D"]
        for letter in FORMER:
            self.actors[letter].get("/api/users/me/")
        self.actors["L"].delete(self.fill("/courses/{course}/enrollments/me/", "L"))
        owner.delete(self.fill("/courses/{course}/enrollments/{enrollment_W}/", "O"))
        owner.delete(self.fill("/courses/{course}/teachers/{user_R}/", "O"))
        admin.patch(self.fill("/users/{user_Z}/", "D"), {"is_active": False})
        admin.delete(self.fill("/courses/{deleted}/?force=true", "D"))

    def give_tokens(self) -> None:
        """To programs: each ``TOKENS`` acts for a user, and its rows are that user's."""
        scopes = sorted(self.client.registry["scopes"])
        reading = [name for name in scopes if not name.endswith(":write")]
        for letter, user in TOKENS.items():
            actor, self.own[letter] = self.actors[user], self.own[user]
            if letter == "P":
                client = make_application(self.client).signed_in(actor, "courses:read")
            else:
                token = make_personal_token(actor, *(reading if letter in READING else scopes))["token"]
                client = Actor(actor.app, token, actor.user_id)
                client.get("/api/courses/")  # its use is noted now, and not by what is to change no row
            self.actors[letter] = client

    def certificate(self, letter: str, course: Course) -> Certificate:
        return Certificate(
            student_id=self.user(letter),
            course_id=course.id,
            verification_code=make_code(),
            student_name="N",
            course_title=course.title,
            teacher_name="T",
            issued_at=self.request.now,
            created_at=self.request.now,
        )

    def consent(self, letter: str) -> OAuthConsent:
        return OAuthConsent(
            user_id=self.user(letter), client_id=self.oauth_client_id, scopes=["openid"], created_at=self.request.now
        )

    def build_own(self) -> None:
        """What each signed-in actor has of their own; a course of a third teacher holds it."""
        now = self.request.now
        third = make_user(self.client, "teacher")
        application = OAuthClient(
            name="App",
            secret_sha256="x",
            redirect_uris=["https://app.example/cb"],
            grant_types=["authorization_code", "refresh_token"],
            scopes=["openid", "profile"],
            created_at=now,
        )
        self.oauth_client_id = self.add("oauth_client", application).id
        made = {"status": "published", "created_at": now, "updated_at": now}
        course = self.add("third", Course(title="third", teacher_id=third.user_id, **made))
        lesson = self.add("lesson_third", Lesson(course_id=course.id, title="L", position=1, created_at=now))
        for letter in ROLES:
            status = "active" if letter == "E" else "dropped"
            self.request.db.add(
                Enrollment(course_id=course.id, student_id=self.user(letter), enrolled_at=now, status=status)
            )
            comment = Comment(author_id=self.user(letter), text="mine", lesson_id=lesson.id, created_at=now)
            self.add("own_comment", comment, letter)
            review = Review(course_id=course.id, student_id=self.user(letter), rating=5, created_at=now, updated_at=now)
            self.add("own_review", review, letter)
            course.review_count, course.rating_sum = course.review_count + 1, course.rating_sum + 5
            self.add("own_certificate", self.certificate(letter, course), letter)
            notification = Notification(
                recipient_id=self.user(letter), kind="message", message="m", event_id=course.id, created_at=now
            )
            self.add("own_notification", notification, letter)
            external = ExternalIdentity(
                user_id=self.user(letter),
                issuer="https://issuer.test",
                subject=letter,
                provider="nowhere",
                created_at=now,
                last_used_at=now,
            )
            self.add("own_identity", external, letter)
            expires_at = now.replace(year=8999)
            session = SignInSession(user_id=self.user(letter), created_at=now, expires_at=expires_at)
            self.add("own_session", session, letter)
            self.ids["self"] = ""
            self.own[letter]["self"] = str(self.user(letter))
            self.add("own_consent", self.consent(letter), letter)
            token = PersonalToken(
                user_id=self.user(letter), name="t", token_sha256=letter, scopes=[], created_at=now, expires_at=now
            )
            self.add("own_token", token, letter)
        self.ids["consent_X"], self.ids["token_X"] = self.own["X"]["own_consent"], self.own["X"]["own_token"]
        self.ids["notification_X"] = self.own["X"]["own_notification"]
        self.ids["identity_X"] = self.own["X"]["own_identity"]
        self.ids["provider"] = "nowhere"
        self.ids["gone"] = str(uuid7())
        self.ids["problem"], self.ids["docs_asset"], self.ids["no_asset"] = "not_found", assets()[-1].name, "none.js"
        self.ids["session_X"] = self.own["X"]["own_session"]
        self.own["A"] = self.own["X"]  # an anonymous caller has nothing: someone's stands in

    def fill(self, template: str, letter: str) -> str:
        """An address from a template such as ``/courses/{course}/`` as one actor means it."""
        path = template.format_map({**self.ids, **self.own[letter]})
        return path.removeprefix(HOST) if path.startswith(HOST) else f"/api{path}"
