"""Prepares under names, by the protocol and by SQL, what its arguments say: `parse NAME TEXT`, `typed NAME NUMBER TEXT`,
`bind NAME`, `bind-1 NAME` with a value, `query TEXT`, `call NUMBER ARGUMENT…` with whole numbers."""

import ctypes
import sys

import psycopg


def told(result):
    shown = [result.get_value(row, 0) for row in range(result.ntuples)]
    print(result.status, shown, result.error_message.decode(), flush=True)


class Argument(ctypes.Structure):
    _fields_ = [("length", ctypes.c_int), ("is_number", ctypes.c_int), ("number", ctypes.c_int64)]


def called(number, arguments):
    libpq = ctypes.CDLL("libpq.so.5")
    libpq.PQfn.restype, libpq.PQresultErrorMessage.restype = ctypes.c_void_p, ctypes.c_char_p
    given = (Argument * len(arguments))(*[Argument(4, 1, int(argument)) for argument in arguments])
    gives, length = ctypes.c_int64(0), ctypes.c_int(0)
    connection = ctypes.c_void_p(line.pgconn_ptr)
    result = ctypes.c_void_p(
        libpq.PQfn(
            connection, int(number), ctypes.byref(gives), ctypes.byref(length), 1, given, len(arguments)
        )
    )
    print("gives", gives.value, libpq.PQresultErrorMessage(result).decode(), flush=True)


line = psycopg.connect("", autocommit=True).pgconn
for said in sys.argv[1:]:
    how, _, what = said.partition(" ")
    if how == "parse":
        name, _, text = what.partition(" ")
        told(line.prepare(name.encode(), text.encode()))
    elif how == "typed":
        name, number, text = what.split(" ", 2)
        told(line.prepare(name.encode(), text.encode(), [int(number)]))
    elif how == "call":
        number, *arguments = what.split()
        called(number, arguments)
    elif how == "bind-1":
        told(line.exec_prepared(what.encode(), [b"1"]))
    elif how == "bind":
        told(line.exec_prepared(what.encode(), []))
    else:
        told(line.exec_(what.encode()))
