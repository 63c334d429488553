"""Many servers, or many clients, in one process: what comes in, and what is answered.

nt_cells.py listen CELL...	tells "WORD CELL" once for each word that comes in, and echoes
nt_cells.py call SECONDS N {WORD@ADDRESS CELL...}...
				sends the word to each cell there; tells "WORD CELL" of those
				that are answered. Ends after so long, if there were N answers

A cell is a protocol and a port, such as tcp:7000; behind it +s is for a secured socket, +i for
one that allows clear text, and <9000 for a client with this port. Servers listen to both
families, clients take that of the address. The last line of clients is "done".
"""
import os
import re
import selectors
import socket
import struct
import sys
import time

FLAGS = {"+s": 0, "+i": 2}  # SOCKET_SETTINGS_
AGAIN_S = 0.4  # datagrams are sent so often
LATE_S = 15  # N answers do not come any more
GROUP = re.compile(r"224\.|255\.|ff|.*\.255$")


def say(*words):
    print(*words, flush=True)


def secure(s, flags):
    """SOCK_SECURE of the registration protocol (doc/api-protocol.md)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as api:
        api.connect(os.environ["AUTHIPD_RUN_DIR"] + "/wfp.sock")
        for verb, body, fds in (
            (1, bytes(8), []),
            (2, struct.pack("<II", flags, 0), [s.fileno()]),
        ):
            head = struct.pack("<IHHII", 0x31504941, verb, 0, 7, 16 + len(body))
            socket.send_fds(api, [head + body], fds)
            if struct.unpack_from("<I", api.recv(4096), 16)[0] != 0:
                raise OSError("a socket cannot be secured")


class Cell:
    def __init__(self, text, word=None, address=None):
        self.text, self.word, self.address = text, word, address
        kind, port, flags, own = re.fullmatch(
            r"(tcp|udp):(\d+)(\+.)?(?:<(\d+))?", text
        ).groups()
        self.is_tcp, self.port = kind == "tcp", int(port)
        self.flags, self.own_port = flags, int(own or 0)
        self.took = set()

    def socket(self, family):
        s = socket.socket(
            family, socket.SOCK_STREAM if self.is_tcp else socket.SOCK_DGRAM
        )
        if self.flags:
            secure(s, FLAGS[self.flags])
        else:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setblocking(False)
        return s


# ---- servers ----


def took(cell, data):
    for word in data.decode(errors="replace").split():
        if word not in cell.took:
            cell.took.add(word)
            say(word, cell.text)


def on_datagram(_, s, cell):
    data, peer = s.recvfrom(2048)
    took(cell, data)
    try:
        s.sendto(data, peer)
    except OSError:
        pass


def on_stream(wanted, s, cell):
    try:
        data = s.recv(2048)
        took(cell, data)
        if data:
            s.send(data)
            return
    except OSError:
        pass
    wanted.unregister(s)
    s.close()


def on_listener(wanted, s, cell):
    peer, _ = s.accept()
    peer.setblocking(False)
    wanted.register(peer, selectors.EVENT_READ, (on_stream, cell))


def listen(cells):
    wanted = selectors.DefaultSelector()
    for cell in cells:
        for family in socket.AF_INET, socket.AF_INET6:
            s = cell.socket(family)
            if family == socket.AF_INET6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            s.bind(("", cell.port))
            if cell.is_tcp:
                s.listen(16)
            on_read = on_listener if cell.is_tcp else on_datagram
            wanted.register(s, selectors.EVENT_READ, (on_read, cell))
    say("listening")
    while True:
        for key, _ in wanted.select():
            key.data[0](wanted, key.fileobj, key.data[1])


# ---- clients ----


def cells_of(words):
    cells = []
    for text in words:
        if "@" in text:
            word, address = text.split("@")
        else:
            cells.append(Cell(text, word, address))
    return cells


def begin(cell):
    family = socket.AF_INET6 if ":" in cell.address else socket.AF_INET
    s = cell.socket(family)
    if cell.own_port:
        s.bind(("", cell.own_port))
    cell.to = (cell.address, cell.port)
    if GROUP.match(cell.address):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        if family == socket.AF_INET6:
            cell.to += (0, socket.if_nametoindex("eth0"))
    else:
        try:
            s.connect(cell.to)
        except BlockingIOError:
            pass
        cell.to = None
    cell.next_s = 0
    return s


def send(s, cell):
    """Streams once, as soon as they are connected; datagrams again and again."""
    data = cell.word.encode() + b"\n"
    cell.next_s = time.monotonic() + (1e9 if cell.is_tcp else AGAIN_S)
    if cell.to:
        s.sendto(data, cell.to)
    else:
        s.send(data)


def call(seconds, n, cells):
    answers = 0
    wanted = selectors.DefaultSelector()
    for cell in cells:
        wanted.register(begin(cell), selectors.EVENT_READ | selectors.EVENT_WRITE, cell)
    start = time.monotonic()
    while wanted.get_map() and time.monotonic() - start < (
        seconds if answers >= n else LATE_S
    ):
        for key, events in wanted.select(0.1):
            s, cell, over = key.fileobj, key.data, False
            try:
                if events & selectors.EVENT_READ and s.recv(2048):
                    say(cell.word, cell.text)
                    answers += 1
                    over = True
                elif events & selectors.EVENT_WRITE:
                    send(s, cell)
            except OSError:
                over = cell.is_tcp
            if over:
                wanted.unregister(s)
            else:
                wanted.modify(s, selectors.EVENT_READ, cell)
        for key in list(wanted.get_map().values()):
            if not key.data.is_tcp and 0 < key.data.next_s < time.monotonic():
                wanted.modify(
                    key.fileobj, selectors.EVENT_READ | selectors.EVENT_WRITE, key.data
                )
    say("done")


if sys.argv[1] == "listen":
    listen([Cell(text) for text in sys.argv[2:]])
else:
    call(float(sys.argv[2]), int(sys.argv[3]), cells_of(sys.argv[4:]))
