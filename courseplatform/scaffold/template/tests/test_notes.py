"""Notes, as their authors and others meet them. The fixtures come from ``courseplatform.testing`` and the plugins."""

from uuid import UUID

from courseplatform.testing import Client, Queue

NOTE = {"title": "Groups", "text": "Closed, with inverses."}


def test_a_note_is_kept_for_its_author(student: Client, teacher: Client, client: Client, course: str) -> None:
    made = student.post(f"{course}newplugin-name/", NOTE)
    assert student.get(made.location).json == made.json
    assert student.get(f"{course}newplugin-name/").json["results"] == [made.json]
    assert teacher.get(f"{course}newplugin-name/").json["results"] == []
    teacher.get(made.location, status=404)
    client.get(made.location, status=401)


def test_a_title_is_there_once(student: Client, teacher: Client, course: str) -> None:
    student.post(f"{course}newplugin-name/", NOTE)
    refused = student.post(f"{course}newplugin-name/", NOTE, status=409)
    assert refused.json["code"] == "newplugin_name_exists"
    teacher.post(f"{course}newplugin-name/", NOTE)


def test_a_note_changes_and_goes(student: Client, course: str) -> None:
    note = student.post(f"{course}newplugin-name/", NOTE).location
    assert student.patch(note, {"text": ""}).json["text"] == ""
    student.delete(note)
    student.get(note, status=404)


def test_words_are_counted_after_the_commit(student: Client, queue: Queue, course: str) -> None:
    made = student.post(f"{course}newplugin-name/", NOTE)
    assert made.json["word_count"] is None
    assert queue.pending() == [("newplugin_name.jobs.count_words", {"note_id": UUID(made.json["id"])})]
    queue.run_all()
    assert student.get(made.location).json["word_count"] == 3


def test_a_course_tells_how_many_notes_the_caller_has(student: Client, client: Client, course: str) -> None:
    student.post(f"{course}newplugin-name/", NOTE)
    expanded = f"{course}?expand=newplugin_name"
    assert student.get(expanded).json["extensions"] == {"newplugin_name": {"note_count": 1}}
    assert client.get(expanded).json["extensions"] == {"newplugin_name": None}


def test_a_note_goes_with_its_author(student: Client, admin: Client, queue: Queue, course: str) -> None:
    note = student.post(f"{course}newplugin-name/", NOTE).location
    admin.delete(f"/api/users/{student.get('/api/users/me/').json['id']}/")
    queue.run_all()
    admin.get(note, status=404)
