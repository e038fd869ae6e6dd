"""Writes the first inputs of the fuzzer, made from the recorded vectors of Flask: one folder for each target.

    python3 fuzz/seeds.py FOLDER
"""

import json
import pathlib
import struct
import sys
import zlib

HERE = pathlib.Path(__file__).parent
VECTORS = json.loads((HERE / "../session-core/tests/data/flask-vectors.json").read_text())
# The values of the properties in session-core/tests/property.
NOW = 1_700_000_000
GOOD_STAMP = bytes(18)
GOOD_TIME = bytes(8)


def seeds():
    """Pairs of a target and an input."""
    texts = {case[key] for case in VECTORS["cases"] for key in ("data_tagged_json", "loaded_tagged_json") if case.get(key)}
    for text in sorted(texts) + ["{}", '{"a":1e400,"b":NaN,"a":-0}', '{"\\ud83d\\ude00\\ud800":"\\u00e9"}']:
        raw = text.encode()
        flashed = b'[%b,[[1,"info",%b],[4294967295,"",0]]]' % (raw, raw)
        yield "json", raw
        for kind in (1, 2):
            yield "open_flask", bytes([kind]) + GOOD_TIME + raw
            yield "open_signed", bytes([kind]) + GOOD_STAMP + raw
            yield "open_signed", bytes([kind]) + GOOD_STAMP + flashed
        yield "open_flask", b"\3" + GOOD_TIME + zlib.compress(raw)
        yield "open_signed", b"\3" + GOOD_STAMP + zlib.compress(raw)
        for kind in (1, 130):
            yield "open_encrypted", bytes([kind]) + bytes(12) + GOOD_STAMP + raw
            yield "open_encrypted", bytes([kind]) + bytes(12) + GOOD_STAMP + flashed
        yield "record", body(raw)
        yield "record", body(flashed, flags=0b1111)
        yield "record_encrypted", b"\1" + body(raw)
        yield "record_encrypted", b"\3" + bytes(3) + body(flashed, flags=0b1111)
    for case in VECTORS["cases"]:
        cookie = case["cookie"].encode()
        yield "open_flask", b"\0" + cookie
        yield "open_flask", b"\4" + cookie.rpartition(b".")[0]
        yield "cookie_header", b"\1 session=" + cookie + b"; other=1"
    for entry in VECTORS["http"]:
        if entry.get("request_cookie"):
            yield "cookie_header", b"\1" + entry["request_cookie"].encode()
    for name in (b"\0a=", b"\2__Host-session=", b"\3__Secure-a.b="):
        yield "cookie_header", name + b'1;\t %b="2" ;=3;\xc2\xa0a=4' % name[1:]
    yield "cookie_header", b'\1session; session="a;\\";\\143" ; session="b" c; session="d\\'
    yield "id", b"\1" + GOOD_STAMP + bytes(range(48))
    yield "id", b"\2" + b"A" * 64 + b"." + b"A" * 24
    for format in range(3):
        for cookie in range(5):
            yield "tamper", bytes([format + 16 * cookie, cookie])
            for change in range(8):
                yield "tamper", bytes([format + 16 * cookie, cookie + 1, change, 0, 40, 1, 1])
        yield "round_trip", bytes([format]) + bytes(range(1, 120)) * 2


def body(text, flags=0):
    """A record's body; 32 bytes v stand for the hash of the verifier."""
    parts = [bytes([1, flags]), struct.pack(">IQQ", 0, NOW, NOW), b"v" * 32]
    parts += [struct.pack(">Q", NOW)] if flags & 2 else []
    parts += [b"v" * 32] if flags & 4 else []
    parts += [struct.pack(">Q", NOW + 100)] if flags & 8 else []
    return b"".join(parts) + struct.pack(">BQQ", 2, 8, 7) + text


for number, (target, content) in enumerate(seeds()):
    folder = pathlib.Path(sys.argv[1], target)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{number:04}").write_bytes(content)
