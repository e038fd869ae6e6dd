"""The job in Flask itself, through its WSGI callable.

    python flask_wsgi.py SECRET_KEY '{"visits":41}'

Prints nanoseconds a call as JSON: of an application without sessions, of one that reads a value, of one that changes it.
"""

import json
import sys
from time import perf_counter

from flask import Flask, session
from werkzeug.test import EnvironBuilder, run_wsgi_app

ROUNDS = 5
SECONDS = 0.1

secret, payload = sys.argv[1], json.loads(sys.argv[2])


def application(secret_key):
    app = Flask(__name__)
    app.config["SECRET_KEY"] = secret_key
    return app


bare, sessions = application(None), application(secret)


@bare.get("/")
def nothing():
    return "41"


@sessions.get("/read")
def read():
    return "41" if session["visits"] == 41 else "none"


@sessions.get("/write")
def write():
    session["visits"] += 1
    return "42" if session["visits"] == 42 else "none"


def cookie():
    with sessions.test_request_context():
        serializer = sessions.session_interface.get_signing_serializer(sessions)
        return f"_ga=GA1.1.1206412375.1700000000; session={serializer.dumps(payload)}; theme=dark"


def environ(path):
    return EnvironBuilder(path=path, headers={"Cookie": cookie()}).get_environ()


def start_response(status, headers, exc_info=None):
    pass


def calls(app, environ):
    """The body of a loop: a copy, since Flask changes what it gets."""

    def call():
        answer = app(dict(environ), start_response)
        list(answer)
        answer.close()

    return call


def check(app, environ, body, sends):
    answer, status, headers = run_wsgi_app(app, dict(environ))
    assert (b"".join(answer), status) == (body, "200 OK"), status
    assert ("Set-Cookie" in headers) == sends, headers


JOBS = {
    "bare": (bare, environ("/"), b"41", False),
    "read": (sessions, environ("/read"), b"41", False),
    "write": (sessions, environ("/write"), b"42", True),
}
least = dict.fromkeys(JOBS, float("inf"))
for job in JOBS.values():
    check(*job)
for _ in range(ROUNDS):
    for name, (app, given, *_expected) in JOBS.items():
        call, count, begun = calls(app, given), 0, perf_counter()
        while perf_counter() - begun < SECONDS:
            for _ in range(50):
                call()
            count += 50
        least[name] = min(least[name], (perf_counter() - begun) / count)
print(json.dumps({name: seconds * 1e9 for name, seconds in least.items()}))
