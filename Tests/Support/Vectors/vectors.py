"""Prints the test vectors of docs/validator-protocol.md, by other hands than Kvytok's.

Needs the package `cryptography`. Nothing here is read from Kvytok: keys, bodies, codes and hashes
are worked out from the page alone.
"""

import base64
import hashlib
import hmac
import json
import struct
import zlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

RAW = dict(encoding=serialization.Encoding.Raw, format=serialization.PublicFormat.Raw)


def show(name, value):
    print(f"{name}: {value.hex() if isinstance(value, bytes) else value}")


def text64(data):
    return base64.b64encode(data).decode()


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def number(field, value):
    return varint(field << 3) + varint(value)


def fixed(field, value):
    return varint(field << 3 | 1) + struct.pack("<q", value)


def double(field, value):
    return varint(field << 3 | 1) + struct.pack("<d", value)


def data(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def gzip_stored(content):
    """One gzip member with one stored block: the same bytes from every library."""
    head = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])
    block = bytes([1]) + struct.pack("<HH", len(content), len(content) ^ 0xFFFF) + content
    return head + block + struct.pack("<II", zlib.crc32(content), len(content))


def batch(taps):
    """A batch of V-0042, epoch 3, sent at 2026-11-22T07:31:05.120Z."""
    body = data(1, b"V-0042") + number(2, 3) + fixed(3, 1795332665120000)
    body += data(4, b"2026-11") + number(5, 17)
    return body + b"".join(data(6, tap) for tap in taps)


TAP = (
    number(1, 1201) + fixed(2, 1795332658001000) + number(3, 3) + number(4, 1)
    + data(5, bytes([0, 1, 2, 3, 4])) + data(8, b"1603") + data(9, b"15") + number(10, 0)
    + double(14, 56.951) + double(15, 24.113)
)
NEXT_TAP = (
    number(1, 1202) + fixed(2, 1795332661500000) + number(3, 3) + number(4, 2)
    + data(5, bytes([0xFF, 0xEF])) + number(6, 2) + number(7, 2) + data(8, b"1603")
    + data(16, b"expired")
)
JSON = (
    '{"device":"V-0042","epoch":3,"sent_at":"2026-11-22T07:31:05.120Z",'
    '"tariff_version":"2026-11","deny_list_version":17,"taps":[{"seq":1201,'
    '"at":"2026-11-22T07:30:58.001Z","kind":"single","medium":"card","token":"AAECAwQ",'
    '"vehicle":"1603","route":"15","direction":0,"lat":56.951,"lon":24.113}]}'
)


SALT = bytes(range(16))


def fingerprint(kind, token):
    return hashlib.sha256(SALT + kind + b"\0" + token).digest()[:8]


def deny_list(version, since, added, removed):
    """A deny list as bytes, whole when `since` is None; numbers big endian."""
    body = b"KVDL" + bytes([1, 1 if since is None else 0, 0, 0])
    body += struct.pack(">QQ", version, since or 0) + SALT
    body += struct.pack(">II", len(added), len(removed))
    body += b"".join(sorted(added)) + b"".join(sorted(removed))
    return body + hashlib.sha256(body).digest()


def show_rotation(device):
    """The device gives another key: the new one signs the proof, the old one the body."""
    other = Ed25519PrivateKey.from_private_bytes(bytes(range(144, 176)))
    public = other.public_key().public_bytes(**RAW)
    message = f"kvytok-key:V-0042:{text64(public)}".encode()
    proof = other.sign(message)
    body = f'{{"device":"V-0042","public_key":"{text64(public)}","proof":"{text64(proof)}"}}'
    show("new_device_seed", bytes(range(144, 176)))
    show("new_device_public_key", public)
    show("rotation_proof_message", message)
    show("rotation_proof", proof)
    show("rotation_body", body)
    show("rotation_signature", device.sign(body.encode()))


def show_deny_list():
    """Three media in version 17; in 18 the second is let on again, and another is denied."""
    media = [(b"card", b"abc"), (b"bank", bytes([0xFF, 0xEF])), (b"qr", bytes([0, 1, 2, 3, 4]))]
    prints = [fingerprint(kind, token) for kind, token in media]
    newer = fingerprint(b"phone", b"abc")
    show("deny_list_salt", SALT)
    for name, value in zip(("card", "bank", "qr"), prints):
        show(f"deny_list_{name}_fingerprint", value)
    show("deny_list_phone_fingerprint", newer)
    show("deny_list_whole", deny_list(17, None, prints, []))
    show("deny_list_whole_etag", '"17-0-bin"')
    show("deny_list_difference", deny_list(18, 17, [newer], [prints[1]]))
    show("deny_list_difference_etag", '"18-17-bin"')


def main():
    device = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    service = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
    show("device_seed", bytes(range(32)))
    show("device_public_key", device.public_key().public_bytes(**RAW))
    show("service_seed", bytes(range(32, 64)))
    show("service_public_key", service.public_key().public_bytes(**RAW))

    show("json_body", JSON)
    show("json_signature", device.sign(JSON.encode()))
    packed = batch([TAP])
    show("protobuf_body", packed)
    show("protobuf_signature", device.sign(packed))
    zipped = gzip_stored(packed)
    show("protobuf_gzip_body", zipped)
    show("protobuf_gzip_signature", device.sign(zipped))
    time = "2026-11-22T07:31:06Z"
    target = "/v1/deny-list?since=17"
    question = f"kvytok-get 1\ndevice V-0042\nat {time}\ntarget {target}\n".encode()
    show("get_time", time)
    show("get_target", target)
    show("get_message", question)
    show("get_signature", device.sign(question))
    show_rotation(device)
    show_deny_list()

    device_exchange = X25519PrivateKey.from_private_bytes(bytes(range(64, 96)))
    service_exchange = X25519PrivateKey.from_private_bytes(bytes(range(96, 128)))
    device_share = device_exchange.public_key().public_bytes(**RAW)
    service_share = service_exchange.public_key().public_bytes(**RAW)
    show("device_exchange_seed", bytes(range(64, 96)))
    show("device_exchange_key", device_share)
    show("service_exchange_seed", bytes(range(96, 128)))
    show("service_exchange_key", service_share)
    proposal = (
        "kvytok-session-proposal 1\ndevice V-0042\n"
        f"key {text64(device_share)}\nnonce {text64(bytes(range(128, 144)))}\n"
        "at 2026-11-22T07:29:00Z\nseconds 86400\n"
    ).encode()
    show("proposal_body", proposal)
    show("proposal_signature", device.sign(proposal))
    session = "90919293-9495-9697-9899-9a9b9c9d9e9f"
    grant = (
        f"kvytok-session-grant 1\nsession {session}\ndevice V-0042\n"
        f"key {text64(service_share)}\nproposal {text64(hashlib.sha256(proposal).digest())}\n"
        "at 2026-11-22T07:29:01Z\nuntil 2026-11-23T07:29:01Z\n"
    ).encode()
    show("grant_body", grant)
    show("grant_signature", service.sign(grant))

    shared = device_exchange.exchange(X25519PublicKey.from_public_bytes(service_share))
    chain = hashlib.sha256(grant).digest()
    keys = []
    for purpose in (b"kvytok-session 1 requests", b"kvytok-session 1 answers"):
        keys.append(HKDF(hashes.SHA256(), 32, chain, purpose).derive(shared))
    show("shared_secret", shared)
    show("root_secret", hmac.digest(chain, shared, "sha256"))
    show("request_key", keys[0])
    show("answer_key", keys[1])
    show("chain_0", chain)

    digests = []
    requests = []
    for count, taps in ((1, [TAP]), (2, [NEXT_TAP])):
        body = batch(taps)
        digests.append(hashlib.sha256(body).digest())
        chain = hashlib.sha256(chain + hashlib.sha256(body).digest()).digest()
        head = f"kvytok-request 1\n{session}\n{count}\nprotobuf\n{text64(chain)}\n".encode()
        show(f"request_{count}_body", body)
        show(f"request_{count}_chain", chain)
        code = hmac.digest(keys[0], head + body, "sha256")
        requests.append((chain, code))
        show(f"request_{count}_mac", code)
    checkpoint = f"kvytok-checkpoint 1\n{session}\n2\n{text64(chain)}\n".encode()
    show("checkpoint_message", checkpoint)
    show("checkpoint_signature", device.sign(checkpoint))

    answer = number(1, 1) + number(2, 0) + number(5, 1202) + fixed(7, 1795332665300000)
    head = f"kvytok-answer 1\n{session}\n2\n200\n".encode()
    show("answer_body", answer)
    show("answer_mac", hmac.digest(keys[1], head + answer, "sha256"))

    evidence = {
        "kvytok_evidence": 1,
        "device": "V-0042",
        "epoch": 3,
        "seq": 1201,
        "batch": 7,
        "received_at": "2026-11-22T07:31:05.300Z",
        "body_type": "application/x-protobuf",
        "body_encoding": None,
        "body": text64(packed),
        "body_sha256": digests[0].hex(),
        "deny_list_version": 17,
        "proof": {
            "kind": "session",
            "public_key": text64(device.public_key().public_bytes(**RAW)),
            "public_key_sha256": hashlib.sha256(device.public_key().public_bytes(**RAW)).hexdigest(),
            "key_valid_from": "2026-11-01T00:00:00Z",
            "key_valid_to": None,
            "key_end_reason": None,
            "service_key": text64(service.public_key().public_bytes(**RAW)),
            "proposal": text64(proposal),
            "proposal_signature": text64(device.sign(proposal)),
            "grant": text64(grant),
            "grant_signature": text64(service.sign(grant)),
            "count": 1,
            "chain": text64(requests[0][0]),
            "mac": text64(requests[0][1]),
            "start": None,
            "body_digests": [text64(digest) for digest in digests],
            "checkpoint": {
                "count": 2,
                "chain": text64(requests[1][0]),
                "signature": text64(device.sign(checkpoint)),
                "received_at": "2026-11-22T07:31:06Z",
            },
        },
        "register": "{[1201,1203)}",
        "exported_at": "2026-11-23T08:00:00Z",
    }
    show("evidence_file", json.dumps(evidence, separators=(",", ":")))


if __name__ == "__main__":
    main()
