"""Writes python-json.jsonl: JSON objects, and text that nearly is one, each with Python's result: the text of `json.dumps` with
Flask's arguments, or null where `json.loads` refuses it. Texts that `insert_tagged_json` refuses for its own reasons are left
out: a key that is not valid Unicode, or a tag as a whole.

    python3 tests/data/python-json.py > tests/data/python-json.jsonl
"""

import json
import pathlib
import random

NUMBERS = "0 -0 1 -1 10 01 +1 .5 5. 0.0 -0.0 1.0 0.1 1e5 1E+05 1e-7 1e16 1e15 123456789012345678 1e22 1e21 9007199254740993.0 5e-324 2e-324 1.7976931348623157e308 1e400 -1e400 1e-400 0e0 0e 1e+ 0.1e1.1 0x10 1_000 18446744073709551616 123456789012345678901234567890 0.30000000000000004 100000000000000000000.0 12345678.9e-10 NaN Infinity -Infinity -NaN +Infinity nan inf".split()
STRINGS = [r'""', r'"a"', '"é"', '"😀"', '"\x7f"', '"\u2028"', r'"\u00e9"', r'"\ud83d\ude00"', r'"\ud83d"', r'"\ude00\ud83d"', r'"\ud83d\ud83d\ude00"', r'"\uD83D\u0041"', r'"\u0000"', r'"\"\\\/\b\f\n\r\t"', r'"\x"', r'"\u12"', r'"\u12g4"', r'"\u+123"', '"\t"', '"\n"', '"', "'a'", r'"\"', '"<>&"', '"\u0080\u009f"', r'"\u001F\u007F"', '"\ufeff"', '"\uffff\U0010ffff"']
TIES = "2.98023223876953125e-08 2.9802322387695312e-08 2.9802322387695313e-08 1125899906842624.25 1125899906842624.75 562949953421312.375 -5.960464477539063e-08 1700000000.0000001".split()
WORDS = "true false null True None tru nullx undefined".split()
KEYS = ['"a"', '"b"', '"B"', '""', '"_"', '"10"', '"9"', '"é"', '"\uffff"', '"😀"', r'"\u0061"', r'"\ud83d\ude00"', '" t"', '" di"', '" t__"', "a", "1"]
SPACES = ["", "", "", " ", "\n", "\t \r", "\u00a0", "\f"]
TAGS = {" t", " di", " b", " m", " u", " d"}


def value(depth):
    kind = random.random()
    if depth == 0 or kind < 0.5:
        return random.choice(random.choice([NUMBERS, NUMBERS, STRINGS, WORDS[:3], WORDS]))
    space = random.choice(SPACES)
    parts = [space + value(depth - 1) for _ in range(random.randrange(4))]
    if kind < 0.75:
        return "[" + ",".join(parts) + space + "]"
    return "{" + ",".join(f"{random.choice(KEYS)}{space}:{part}" for part in parts) + "}"


def document():
    members = [f"{random.choice(KEYS[:12])}:{value(3)}" for _ in range(random.randrange(1, 4))]
    text = "{" + ",".join(members) + "}"
    while random.random() < 0.2:
        at = random.randrange(len(text))
        text = text[:at] + random.choice(["", "", *'{}[],:"\\ 0-.eE']) + text[at + random.randrange(2):]
    return text


def verdict(text):
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or (len(found) == 1 and TAGS & found.keys()):
        raise ValueError("no session")
    for key in found:
        key.encode()
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


random.seed(1)
each = [f'{{"a":{text}}}' for text in NUMBERS + STRINGS + WORDS + TIES]
each += ['{"a":%s}' % ("1" * digits) for digits in (4300, 4301)]
each += ['{"a":%s%s}' % ("[" * depth, "]" * depth) for depth in (1, 64, 65, 119)]
vectors = json.loads((pathlib.Path(__file__).parent / "flask-vectors.json").read_text())
each += [case["data_tagged_json"] for case in vectors["cases"] if case.get("data_tagged_json")]
for text in dict.fromkeys(each + [document() for _ in range(3000)]):
    try:
        dumped = verdict(text)
    except ValueError:
        continue
    # Most random texts are refused, for the same few reasons.
    if text in each or dumped or random.random() < 0.2:
        print(json.dumps([text, dumped]))
