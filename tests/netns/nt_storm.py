"""What one user can do to the daemon's API, in the registration protocol (doc/api-protocol.md).

nt_storm.py RUN_DIR quota N	N sockets at once: how many are secured, how many refused
nt_storm.py RUN_DIR fork N	N processes that send halves of frames, or end within a call
nt_storm.py RUN_DIR shout N	a datagram to each of N addresses, which negotiates with all
nt_storm.py RUN_DIR one		one socket; the same request again
"""
import collections
import os
import socket
import struct
import sys
import time

MAGIC, HELLO, SECURE = 0x31504941, 1, 2


def message(verb, body):
    return struct.pack("<IHHII", MAGIC, verb, 0, 7, 16 + len(body)) + body


def ask(api, data, descriptors=()):
    socket.send_fds(api, [data], list(descriptors))
    reply = api.recv(4096)
    return struct.unpack_from("<I", reply, 16)[0] if len(reply) >= 20 else -1


def connect(run_dir):
    api = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    api.settimeout(20)
    api.connect(run_dir + "/wfp.sock")
    if ask(api, message(HELLO, bytes(8))) != 0:
        raise OSError("HELLO is refused")
    return api


def secure(api, s):
    return ask(api, message(SECURE, bytes(8)), [s.fileno()])


def quota(run_dir, n):
    api = connect(run_dir)
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(n)]
    results = collections.Counter(secure(api, s) for s in sockets)
    print(" ".join(f"{error}:{results[error]}" for error in sorted(results)), flush=True)
    sys.stdin.readline()  # they stay until then


def half_a_frame(run_dir, i):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    data = message(SECURE, bytes(8))
    try:
        api = connect(run_dir)
        if i % 3 == 0:
            api.send(data[: i % 24])
        elif i % 3 == 1:
            socket.send_fds(api, [data], [s.fileno()])
        else:
            socket.send_fds(api, [data], [s.fileno(), s.fileno()])
    except OSError:
        pass  # too many of this user are there
    os._exit(0)


def fork(run_dir, n):
    for i in range(n):
        if os.fork() == 0:
            half_a_frame(run_dir, i)
    for _ in range(n):
        os.wait()


def shout(run_dir, n):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    print(secure(connect(run_dir), s), flush=True)
    for i in range(n):
        try:
            s.sendto(b"x", (f"10.77.{i >> 8}.{i & 255}", 9))
        except OSError:
            pass  # one that was refused
        if i % 100 == 99:
            time.sleep(0.01)


def one(run_dir):
    api = connect(run_dir)
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    print(secure(api, s), secure(api, s))


if sys.argv[2] == "quota":
    quota(sys.argv[1], int(sys.argv[3]))
elif sys.argv[2] == "shout":
    shout(sys.argv[1], int(sys.argv[3]))
elif sys.argv[2] == "fork":
    fork(sys.argv[1], int(sys.argv[3]))
else:
    one(sys.argv[1])
