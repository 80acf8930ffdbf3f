"""Prepares under names, by the protocol and by SQL, what its arguments say: `parse NAME TEXT`, `typed NAME NUMBER TEXT`,
`bind NAME`, `bind-1 NAME` with a value, `query TEXT`."""

import sys

import psycopg


def told(result):
    shown = [result.get_value(row, 0) for row in range(result.ntuples)]
    print(result.status, shown, result.error_message.decode(), flush=True)


line = psycopg.connect("", autocommit=True).pgconn
for said in sys.argv[1:]:
    how, _, what = said.partition(" ")
    if how == "parse":
        name, _, text = what.partition(" ")
        told(line.prepare(name.encode(), text.encode()))
    elif how == "typed":
        name, number, text = what.split(" ", 2)
        told(line.prepare(name.encode(), text.encode(), [int(number)]))
    elif how == "bind-1":
        told(line.exec_prepared(what.encode(), [b"1"]))
    elif how == "bind":
        told(line.exec_prepared(what.encode(), []))
    else:
        told(line.exec_(what.encode()))
