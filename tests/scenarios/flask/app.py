"""The tour's routes as a Flask application: the other side of the hop and of live_flask.rs.

    SECRET_KEY=dev python app.py 127.0.0.1 0

Prints the port, then serves. The environment:

    SECRET_KEY            the key, as text
    SECRET_KEY_FALLBACKS  a JSON list of older keys (Flask 3.1 and later)
    DIGEST                sha1 (Flask's default), sha256 or sha512
"""

import hashlib
import json
import logging
import os
import sys
from datetime import datetime, timedelta, timezone
from uuid import UUID

from flask import (
    Flask,
    Response,
    abort,
    flash,
    get_flashed_messages,
    jsonify,
    redirect,
    request,
    session,
    stream_with_context,
)
from flask.sessions import SecureCookieSessionInterface
from markupsafe import Markup, escape
from werkzeug.serving import make_server


class Sessions(SecureCookieSessionInterface):
    digest_method = staticmethod(getattr(hashlib, os.environ.get("DIGEST", "sha1")))


app = Flask(__name__)
app.session_interface = Sessions()
app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]
if "SECRET_KEY_FALLBACKS" in os.environ:
    app.config["SECRET_KEY_FALLBACKS"] = json.loads(os.environ["SECRET_KEY_FALLBACKS"])


# The tour's routes, as a Flask programmer would write them.


@app.get("/")
def index():
    return jsonify(get_flashed_messages(with_categories=True))


@app.get("/visit")
def visit():
    session["visits"] = session.get("visits", 0) + 1
    return f"You have visited this page {session['visits']} times"


@app.get("/login")
def login_form():
    return '<form method="post"><input name="username"></form>'


@app.post("/login")
def login():
    session["username"] = request.form["username"]
    session["user_id"] = 123
    flash(f"Logged in as {request.form['username']}", "success")
    return redirect("/profile", 303)


@app.get("/profile")
def profile():
    username = session.get("username")
    if username is None:
        return redirect("/login", 303)
    return f"Welcome {escape(username)}!"


@app.post("/logout")
def logout():
    session.pop("username", None)
    session.clear()
    return "Logged out successfully!"


@app.post("/add_to_cart/<product_id>")
def add_to_cart(product_id):
    session["cart"] = session.get("cart", []) + [product_id]
    return f"Added product {product_id} to cart"


@app.get("/cart")
def cart():
    return jsonify(session.get("cart", []))


@app.post("/permanent")
def permanent():
    if request.form["on"] not in ("0", "1"):
        abort(400)
    session.permanent = request.form["on"] == "1"
    return "ok"


@app.post("/flash")
def flash_message():
    flash(request.form["message"], request.form["category"])
    return "ok"


@app.get("/flashes")
def flashes():
    return jsonify(get_flashed_messages(with_categories=True))


@app.get("/session")
def show_session():
    return jsonify(dict(session))


@app.get("/untouched")
def untouched():
    return "nothing"


@app.get("/fail")
def fail():
    session["failures"] = session.get("failures", 0) + 1
    return f"This page has failed {session['failures']} times", 500


@app.get("/panic")
def panic():
    session["half"] = True
    raise RuntimeError("the tour's handler fails, as it should")


@app.get("/late")
def late():
    session.get("late")

    @stream_with_context
    def body():
        yield "The headers have been sent,\n"
        session["late"] = True
        yield "and Flask says nothing\n"

    return Response(body(), mimetype="text/plain")


# Routes for the tests alone: every type that Flask tags, and what looks like a tag.

INDIA = timezone(timedelta(hours=5, minutes=30))
USER = UUID("00112233-4455-6677-8899-aabbccddeeff")
THEN = datetime(2020, 1, 2, 3, 4, 5, tzinfo=timezone.utc)

TYPES = {
    "bytes": bytes(range(256)),
    "bytes_none": b"",
    "datetime": THEN,
    "datetime_aware": datetime(2020, 1, 2, 3, 4, 5, 678_901, tzinfo=INDIA),
    "datetime_naive": datetime(9999, 12, 31, 23, 59, 59),
    "like_b": {" b": "//4="},
    "like_d": {" d": "Thu, 02 Jan 2020 03:04:05 GMT"},
    "like_di": {" di": {" t": [1]}},
    "like_escaped": {" t__": 1},
    "like_m": {" m": "<b>"},
    "like_nested": [{" t": 1}, ({" di": {"a": 1}}, {" u": {" b": None}})],
    "like_t": {" t": 1},
    "like_two": {" t": 1, "x": (2,)},
    "like_u": {" u": "00112233445566778899aabbccddeeff"},
    "like_unknown": {" zz": (1,)},
    "markup": Markup('<b title="Gr\u00fc\u00dfe">\U0001f389 &amp; \x7f</b>'),
    "nested": {"deep": [(b"\xff\xfe", [Markup("<i>"), {"id": USER, "when": (THEN,)}]), [], {}, ()]},
    "plain": {
        "float": [0.1, 1.0, -0.0, 1e16, 1.5e-07, 5e-324],
        "int": [0, -1, 2**63 - 1, -(2**63)],
        "none": None,
        "text": 'q" \\ \u00e4 \U0001f389 \x7f \x00 </script>',
        "truth": [True, False],
    },
    "tuple": (1, "x", (2, [3])),
    "tuple_none": (),
    "uuid": USER,
}

# What Rust has no type for: it can only be handed back as it came.
ODD = {
    "odd_big": [2**64, -(10**40)],
    "odd_float": [float("nan"), float("inf"), float("-inf")],
    "odd_surrogate": {"\udc80": "\ud800"},
}


@app.get("/types/write")
def write_types():
    session.update(TYPES)
    if "odd" in request.args:
        session.update(ODD)
    flash(Markup("<b>Gr\u00fc\u00dfe</b>"), "html")
    return "ok"


@app.get("/everyday")
def everyday():
    session.update(username=None, visits=41.0)
    flash("Saved", None)
    flash("Five", 5)
    return "ok"


def describe(value):
    """[exact type, content], all the way down."""
    kind = type(value)
    if kind is dict:
        content = {key: describe(item) for key, item in value.items()}
    elif kind in (list, tuple):
        content = [describe(item) for item in value]
    elif kind is bytes:
        content = value.hex()
    elif kind is datetime:
        content = value.isoformat()
    elif kind in (str, Markup, UUID):
        content = str(value)
    else:
        content = repr(value)
    return [kind.__name__, content]


@app.get("/types/read")
def read_types():
    # `ascii` shows lone surrogates, which are no UTF-8.
    return jsonify({key: ascii(value) if key.startswith("odd") else describe(value) for key, value in session.items()})


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app.logger.setLevel(logging.CRITICAL)  # `/panic` fails as it should
    server = make_server(sys.argv[1], int(sys.argv[2]), app, threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()
