"""The limit of the server: waitress, psycopg2 and hand-written SQL, and no framework between them.

As the platform does: processes that accept from one socket, each with some threads, and a connection for each thread.
"""

import logging
import os
import re
import signal
import socket

import answers
import orjson
from refusals import Refusal
from waitress.server import create_server

THREADS = 8
JSON = ("Content-Type", "application/json")
REASONS = {
    200: "200 OK",
    201: "201 Created",
    304: "304 Not Modified",
    400: "400 Bad Request",
    401: "401 Unauthorized",
    403: "403 Forbidden",
    404: "404 Not Found",
    409: "409 Conflict",
    422: "422 Unprocessable Content",
}
ID = "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
WORK = rf"/api/courses/{ID}/lessons/{ID}/assignments/{ID}/submissions/"
ROUTES = [
    (method, re.compile(path).fullmatch, answer)
    for method, path, answer in (
        ("GET", rf"{WORK}{ID}/", answers.show_submission),
        ("GET", WORK, answers.list_submissions),
        ("POST", WORK, answers.submit),
        ("GET", rf"/api/courses/{ID}/", answers.show_course),
        ("GET", "/api/courses/", answers.list_courses),
        ("GET", "/api/users/notifications/", answers.list_notifications),
        ("POST", "/api/auth/login/", answers.sign_in),
        ("GET", rf"/api/courses/{ID}/gradebook/", answers.show_gradebook),
        ("PATCH", rf"/api/courses/{ID}/lessons/{ID}/", answers.update_lesson),
    )
]


def app(environ, start_response):
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    try:
        for known, match, answer in ROUTES:
            if known == method and (found := match(path)):
                status, headers, body = answer(environ, *found.groups())
                break
        else:
            raise Refusal(404, "not_found")
        content = b"" if body is None else orjson.dumps(body)
    except Refusal as refusal:
        status, headers, content = refusal.status, [], orjson.dumps({"code": refusal.code})
    start_response(REASONS[status], [JSON, ("Content-Length", str(len(content))), *headers])
    return [content]


def serve(listener):
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # of each request that has to wait
    create_server(app, sockets=[listener], threads=THREADS, clear_untrusted_proxy_headers=True).run()


def main():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(os.environ["PORT"])))
    listener.listen(2048)
    children = []
    for _ in range(int(os.environ.get("PROCESSES", "2"))):
        pid = os.fork()
        if not pid:
            serve(listener)
        children.append(pid)

    def stop(*_):
        for pid in children:
            os.kill(pid, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    for pid in children:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
