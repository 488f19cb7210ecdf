# What the rules of never.yml find ("ruleid") and leave alone ("ok"). Nobody runs this.

# ruleid: not-cornices-own
from cornice.resource import resource

# ruleid: no-queue-past-the-outbox
from rq import Queue

# ruleid: nothing-is-read-at-import-time
PLACE = os.environ["PLACE"]
# ruleid: nothing-is-read-at-import-time
FONT = Path(__file__).with_name("font.ttf").read_bytes()


def settings():
    # ok: nothing-is-read-at-import-time
    return os.environ["PLACE"]


def requests_from_nowhere():
    # ruleid: no-ambient-request
    request = get_current_request()
    # ruleid: no-fake-request
    request = Request.blank("/api/courses/")
    # ok: no-ambient-request
    with script_request(registry) as request:
        pass


def errors(request):
    # ok: raise-never-return-an-error
    raise Conflict("already_published")
    # ruleid: raise-never-return-an-error
    return Conflict("already_published")
    # ruleid: raise-never-return-an-error
    return HTTPConflict()
    # ok: raise-never-return-an-error
    return moved("/api/")


def commits(request):
    # ruleid: commit-in-db-and-jobs-only
    request.db.commit()


def what_travels(request, course, by_user_id):
    # ruleid: no-row-in-an-event-or-a-job
    request.emit(CoursePublished(course=course, by_user_id=by_user_id))
    # ruleid: no-row-in-an-event-or-a-job
    request.enqueue(send_mail, course=request.context.row)
    # ok: no-row-in-an-event-or-a-job
    request.emit(CoursePublished(course_id=course.id, by_user_id=by_user_id))
    # ok: no-row-in-an-event-or-a-job
    request.enqueue(send_mail, course_id=course.id)


def course_json(course):
    # ruleid: no-json-by-reflection
    return {column.name: getattr(course, column.name) for column in course.__table__.columns}


def broad():
    # ruleid: no-broad-except-that-goes-on
    try:
        work()
    except Exception:
        pass
    # ok: no-broad-except-that-goes-on
    try:
        work()
    except Exception:
        log.warning("it goes on, because …", exc_info=True)
    # ok: no-broad-except-that-goes-on
    try:
        work()
    except BaseException:
        undo()
        raise
    # ok: no-broad-except-that-goes-on
    try:
        work()
    except Exception as error:
        raise Unavailable() from error
    # ok: no-broad-except-that-goes-on
    try:
        work()
    except KeyError:
        pass


def conflict_by_text():
    try:
        work()
    except IntegrityError as error:
        # ruleid: no-database-error-by-its-text
        if "duplicate key" in str(error):
            raise Conflict("taken") from error


def includeme(config):
    # ruleid: no-default-secret
    config.add_setting("mail.password", default="changeme", secret=True)
    # ok: no-default-secret
    config.add_setting("mail.password", secret=True)
    # ok: no-default-secret
    config.add_setting("mail.tls", default="starttls")


class Grade(Base):
    # ruleid: points-and-money-are-integers
    score_points: Mapped[float]
    # ok: points-and-money-are-integers
    max_points: Mapped[int]


def times():
    # ruleid: no-naive-time
    began_at = datetime.now()
    # ok: no-naive-time
    began_at = datetime.now(UTC)


def statements(request, name):
    # ruleid: no-sql-from-values
    request.db.execute(text(f"SELECT * FROM courses WHERE title = '{name}'"))
    # ok: no-sql-from-values
    request.db.execute(text("SELECT * FROM courses WHERE title = :name"), {"name": name})
    # ok: no-sql-from-values
    request.db.execute(text(f"DROP TABLE {quoted(name)}"))


def code_from_data(given):
    # ruleid: no-code-from-data
    return pickle.loads(given)


def links(request):
    # ruleid: no-address-from-the-host-header
    return f"https://{request.host}/api/"
    # ok: no-address-from-the-host-header
    return f"{request.registry.settings['http.base_url']}/api/"
