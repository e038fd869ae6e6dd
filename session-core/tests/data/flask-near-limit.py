"""Writes flask-near-limit.txt: one cookie of Flask's per line (SECRET_KEY "dev", written at 1700000000). Their names and values
have nearly the 4096 bytes that a browser stores. All are compressed by C's zlib, whose streams are sometimes shorter than ours.

    python3 tests/data/flask-near-limit.py > tests/data/flask-near-limit.txt
"""

import random
from unittest import mock

from flask import Flask

WORDS = "alpha beta gamma delta user role admin cart item price http token flash message value name page next error login".split()


def word():
    return random.choice(WORDS)


def permission():
    return f"{word()}.{random.choice(('add', 'change', 'delete', 'view'))}_{word()}{random.randrange(99)}"


def link():
    return f"https://example.com/{word()}/{random.randrange(10**4)}?ref={word()}"


def item():
    return {"id": random.randrange(10**6), "name": f"{word()} {word()}", "qty": random.randrange(9)}


def price():
    return {"sku": f"SKU-{random.randrange(99999):05}", "price": round(random.random() * 100, 2)}


def number():
    return random.randrange(10**6)


def token():
    return "".join(random.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") for _ in range(20))


def mixed():
    return random.choice([permission, link, item, number])()


random.seed(19)
app = Flask("near-limit")
app.secret_key = "dev"
serializer = app.session_interface.get_signing_serializer(app)
with app.app_context(), mock.patch("time.time", return_value=1700000000):
    for kind in [permission, link, item, price, number, token, mixed]:
        session = {"_permanent": True, "list": [], "visits": 41}
        while len(cookie := serializer.dumps(session)) < 4060 - len("session="):
            few = len(cookie) > 3800
            session["list"] += [kind() for _ in range(1 if few else 12)]
        assert len(cookie) <= 4093 - len("session="), (kind, len(cookie))
        print("session=" + cookie)
