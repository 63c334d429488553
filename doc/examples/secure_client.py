#!/usr/bin/env python3
"""A TCP client whose traffic is protected by IPsec, with nothing but ctypes.

usage: secure_client.py HOST PORT [TEXT]
"""
import ctypes
import socket
import sys

SOCKET_SECURITY_PROTOCOL_DEFAULT = 0
SOCKET_SETTINGS_GUARANTEE_ENCRYPTION = 1


class SocketSecuritySettings(ctypes.Structure):
    _fields_ = [("SecurityProtocol", ctypes.c_int), ("SecurityFlags", ctypes.c_uint32)]


class SocketSecurityQueryInfo(ctypes.Structure):
    _fields_ = [
        ("SecurityProtocol", ctypes.c_int),
        ("Flags", ctypes.c_uint32),
        ("PeerApplicationAccessTokenHandle", ctypes.c_uint64),
        ("PeerMachineAccessTokenHandle", ctypes.c_uint64),
    ]


fwpuclnt = ctypes.CDLL("libfwpuclnt.so.0")


def secure(sock):
    """Before bind and connect: nothing of this socket leaves unencrypted."""
    settings = SocketSecuritySettings(
        SOCKET_SECURITY_PROTOCOL_DEFAULT, SOCKET_SETTINGS_GUARANTEE_ENCRYPTION)
    if fwpuclnt.WSASetSocketSecurity(
            sock.fileno(), ctypes.byref(settings), ctypes.sizeof(settings), None, None) != 0:
        raise OSError("WSASetSocketSecurity: error %d" % fwpuclnt.WSAGetLastError())


def is_encrypted(sock):
    info = SocketSecurityQueryInfo()
    size = ctypes.c_uint32(ctypes.sizeof(info))
    if fwpuclnt.WSAQuerySocketSecurity(
            sock.fileno(), None, 0, ctypes.byref(info), ctypes.byref(size), None, None) != 0:
        raise OSError("WSAQuerySocketSecurity: error %d" % fwpuclnt.WSAGetLastError())
    return info.Flags & 2 != 0


def main(host, port, text="hello"):
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as sock:
        secure(sock)
        sock.connect(address)
        print("encrypted" if is_encrypted(sock) else "not encrypted")
        sock.sendall((text + "\n").encode())
        print(sock.makefile().readline().rstrip("\n"))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit("secure_client.py: %s" % error)
