"""Records how Flask handles unusual input: Cookie headers that no browser sends, sessions that Flask seldom writes, settings in
the environment, and the lengths of zlib's streams. Writes flask-odd.json beside itself.

    pip install Flask==3.1.3 Werkzeug==3.1.8 itsdangerous==2.2.0
    python flask-odd.py
"""

import json
import os
import random
import warnings
import zlib
from pathlib import Path
from unittest import mock

from flask import Flask, session
from werkzeug.sansio.http import parse_cookie
from werkzeug.test import EnvironBuilder

NOW = 1_700_000_000
warnings.simplefilter("ignore")
mock.patch("time.time", lambda: NOW).start()
mock.patch("itsdangerous.timed.TimestampSigner.get_timestamp", lambda self: NOW).start()

app = Flask("odd")
app.secret_key = "dev"
app.config["PROPAGATE_EXCEPTIONS"] = False
app.logger.disabled = True
signing = app.session_interface.get_signing_serializer(app)


@app.get("/")
def view():
    with app.app_context():
        return signing.serializer.dumps(dict(session))


def ask(header):
    """The session that a view has, as tagged JSON, or the status where there is none."""
    environ = EnvironBuilder("/").get_environ()
    environ["HTTP_COOKIE"] = header
    status = []
    body = b"".join(app.wsgi_app(environ, lambda line, headers, info=None: status.append(line)))
    return body.decode() if status[0].startswith("200") else int(status[0][:3])


with app.app_context():
    ONE, TWO = signing.dumps({"a": 1}), signing.dumps({"a": 2})

HEADERS = {
    "odd-name-alone": f"session; session={ONE}",
    "odd-name-alone-behind": f"session={ONE}; session",
    "odd-quoted": f'session="{ONE}"',
    "odd-quoted-between": f'a=b; session="{ONE}"; c=d',
    "odd-quoted-spaced": f'session = "{ONE}" ;c=d',
    "odd-rfc-2965": f'$Version=1; session="{ONE}"; $Path="/"',
    "odd-quoted-escapes": 'session="' + ONE.replace(".", "\\.") + '"',
    "odd-quoted-octal": 'session="' + ONE.replace(".", "\\056") + '"',
    "odd-quoted-semicolon": f'session="{ONE};x"; session={ONE}',
    "odd-other-quoted-semicolon": f'a="x; session={TWO}; "; session={ONE}',
    "odd-other-quote-open": f'a="x; session={TWO}; b=c',
    "odd-quote-open": f'session="{ONE}; session={TWO}',
    "odd-quoted-and-more": f'session="{ONE}"x; session={TWO}',
    "odd-quoted-empty": f'session=""; session={ONE}',
    "odd-space-inside": f"session={ONE} x; session={TWO}",
    "odd-quote-inside": f'session=a"b; session={ONE}',
    "odd-comma": f"session={ONE}, session={TWO}",
    "odd-equals": f"session=={ONE}; session={TWO}",
    "odd-no-name": f"={TWO}; session={ONE}",
    "odd-other-case": f"Session={TWO}; session={ONE}",
    "odd-quoted-name": f'"session"={TWO}; session={ONE}',
    "odd-nbsp-before-value": f"session=\xa0{ONE}",
    "odd-nel-before-value": f"session=\x85{ONE}",
    "odd-nbsp-behind-value": f"session={ONE}\xa0",
    "odd-nel-behind-value": f"session={ONE}\x85",
    "odd-nbsp-before-name": f"\xa0session={ONE}",
    "odd-nel-behind-name": f"session\x85={ONE}",
    "odd-utf-8-nbsp-before-value": f"session=\xc2\xa0{ONE}",
    "odd-not-utf-8-elsewhere": f"a=\xff; session={ONE}",
}


def signed(payload, at=NOW):
    """A cookie with any text in it, signed at any time."""
    with mock.patch("itsdangerous.timed.TimestampSigner.get_timestamp", lambda self: at):
        from itsdangerous.encoding import base64_encode

        text = base64_encode(payload) if isinstance(payload, str) else payload
        return signing.make_signer(signing.salt).sign(text).decode()


CASES = {
    "guard-of-a-custom-tag": signed('{" di":{"od__":1}}'),
    "guard-of-a-custom-tag-with-a-space": signed('{" di":{" od__":[1,{" t":[2]}]}}'),
    "guard-of-a-custom-tag-escaped": signed('{" di":{"\\u00e9\\"__":1}}'),
    "guard-of-two-keys": signed('{" di":{"od__":1,"x":2}}'),
    "guard-of-nothing": signed('{" di":{}}'),
    "guard-of-a-key-without-underscores": signed('{" di":{"od":1}}'),
    "guard-of-a-custom-tag-nested": signed('{"a":{" di":{"od__":1}}}'),
    "signed-in-the-year-9999": signed('{"a":1}', 253_402_300_799),
    "signed-after-the-year-9999": signed('{"a":1}', 253_402_300_800),
    "signed-at-the-end-of-time": signed('{"a":1}', 2**64 - 1),
    "lone-surrogate-as-key": signed('{"\\ud800":1,"b":2}'),
    "nested-900-levels": signed('{"a":' + "[" * 899 + "]" * 899 + "}"),
    "integer-of-4300-digits": signed('{"a":' + "9" * 4300 + "}"),
    "integer-of-4301-digits": signed('{"a":' + "9" * 4301 + "}"),
}

ENVIRONMENT = {
    "env-plain": "a plain key",
    "env-quoted": '"a quoted key"',
    "env-quoted-escapes": '"caf\\u00e9 \\" and \\\\"',
    "env-quote-open": '"half',
    "env-quoted-twice": '"a" "b"',
    "env-null": "null",
    "env-empty-text": '""',
    "env-digits": "1234567890",
    "env-true": "true",
    "env-list": '["a"]',
    "env-space-around": ' "a" ',
}


def environment(text):
    """The cookie of `{"a":1}` under a key from the environment, null without sessions, a status where Flask fails."""
    other = Flask("environment")
    with mock.patch.dict(os.environ, {"FLASK_SECRET_KEY": text}):
        other.config.from_prefixed_env()
    try:
        with other.app_context():
            serializer = other.session_interface.get_signing_serializer(other)
            return serializer and serializer.dumps({"a": 1})
    except Exception:
        return 500


def parsed():
    """Random headers, and the values that Werkzeug finds in them of the cookie `s`."""
    pieces = ["s=", "s=", "; s=", 's="', "s", "=", ";", '"', '"', " ", "\t", "\\", '\\"', "\\053", "x", ","]
    source, lines = random.Random(1), {}
    while len(lines) < 600:
        header = "".join(source.choice(pieces) for _ in range(source.randrange(12)))
        lines.setdefault(header, parse_cookie(header).getlist("s"))
    return sorted(lines.items())


def items(kind, seed):
    """Endless items of a list, the same in the test that reads this."""
    state = seed

    def draw(below):
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) % below

    words = "alpha beta gamma user role admin cart item price token flash message name page login".split()
    word = lambda: words[draw(len(words))]
    while True:
        if kind == "permissions":
            yield f"{word()}.{('add', 'change', 'delete', 'view')[draw(4)]}_{word()}{draw(99)}"
        elif kind == "words":
            yield " ".join(word() for _ in range(4))
        elif kind == "integers":
            yield draw(10**6)
        else:
            yield {"id": draw(10**6), "name": word(), "qty": draw(9)}


def streams():
    """Of lists of so many items the length of the JSON and of zlib's stream, at level 6."""
    found = []
    for kind in ("permissions", "words", "integers", "cart"):
        for seed in range(200):
            source = items(kind, seed)
            count = (1, 2, 3, 5, 8, 40, 150, 300)[seed % 8]
            text = signing.serializer.dumps({"x": [next(source) for _ in range(count)]}).encode()
            found.append([kind, seed, count, len(text), len(zlib.compress(text))])
    return found


def lines(entries):
    return "[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]"


with app.app_context():
    parts = {
        "headers": [{"name": name, "header": text, "flask": ask(text)} for name, text in HEADERS.items()],
        "cases": [
            {"name": name, "cookie": text, "flask": ask(f"session={text}")} for name, text in CASES.items()
        ],
        "environment": [
            {"name": name, "text": text, "flask": environment(text)} for name, text in ENVIRONMENT.items()
        ],
        "parsed": parsed(),
        "streams": streams(),
    }
body = ",\n".join(f'"{name}": {lines(entries)}' for name, entries in parts.items())
Path(__file__).with_suffix(".json").write_text("{\n" + body + "\n}\n")
