// node-postgres: simple and named statements, parameters, queues, errors, LISTEN. It reads libpq's environment.
"use strict";

const crypto = require("crypto");
const fs = require("fs");
const tls = require("tls");
const { Client } = require("pg");

// For a numeric address the library asks TLS to check "localhost".
const checkServerIdentity = (_name, certificate) => tls.checkServerIdentity(process.env.PGHOST, certificate);
const settings = { ssl: { ca: fs.readFileSync(process.env.PGSSLROOTCERT), checkServerIdentity } };
const told = (...what) => console.log(what.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join(" | "));

async function fails(promise) {
  try {
    await promise;
    told("NOT REFUSED");
  } catch (error) {
    told("refused", error.code, error.message);
  }
}

async function queries(client) {
  told("encrypted", client.connection.stream.encrypted === true);
  told("several", (await client.query("SELECT 1 AS a; SELECT 2 AS b")).map((result) => result.rows));
  const values = [42, "O'Brien \\ 上海", true, null, [1, 2, 3], { a: [1, null] }, Buffer.from([0, 255, 39])];
  const types = ["int", "text", "bool", "text", "int[]", "jsonb", "bytea"];
  for (const [index, value] of values.entries()) {
    told("parameter", (await client.query(`SELECT $1::${types[index]} AS it`, [value])).rows);
  }
  for (let turn = 0; turn < 4; turn += 1) {
    told("named", (await client.query({ name: "twice", text: "SELECT $1::int * 2 AS it", values: [turn] })).rows);
  }
  const many = await client.query("SELECT n, repeat('x', 200) AS x FROM generate_series(1, 100000) AS n");
  told("large", many.rowCount, crypto.createHash("sha256").update(JSON.stringify(many.rows)).digest("hex"));
  await fails(client.query("SELECT 1/0"));
  await fails(client.query("SELECT $1::int", ["no number"]));
}

async function transactions(client) {
  await client.query("CREATE TABLE node_pg (id int PRIMARY KEY, note text)");
  const started = Array.from({ length: 20 }, (_, n) => client.query("INSERT INTO node_pg VALUES ($1, $2)", [n, `row ${n}`]));
  told("queued", (await Promise.all(started)).reduce((sum, result) => sum + result.rowCount, 0));
  await client.query("BEGIN");
  told("deleted", (await client.query("DELETE FROM node_pg")).rowCount);
  await fails(client.query("INSERT INTO node_pg VALUES (1, 'a'), (1, 'b')"));
  await fails(client.query("SELECT 1"));
  await client.query("ROLLBACK");
  told("rows", (await client.query("SELECT count(*) FROM node_pg")).rows);
}

async function signals(client) {
  const heard = new Promise((resolve) => client.on("notification", (message) => resolve(message.payload)));
  await client.query("LISTEN news");
  await client.query("NOTIFY news, 'one'");
  told("heard", await heard);
  await fails(client.query("SET statement_timeout = 300; SELECT pg_sleep(60)"));
  await client.query("DROP TABLE node_pg");
}

async function main() {
  const client = new Client(settings);
  await client.connect();
  await queries(client);
  await transactions(client);
  await signals(client);
  await client.end();
}

main();
