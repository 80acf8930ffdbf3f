// mysql2: text and binary protocol (server-side statements), streams, transactions. See ../README.md.
"use strict";

const crypto = require("crypto");
const fs = require("fs");
const mysql = require("mysql2/promise");

const env = process.env;
const settings = {
  host: env.DB_HOST,
  port: Number(env.DB_PORT),
  user: env.DB_USER,
  password: env.DB_PASSWORD,
  database: env.DB_NAME,
  // Its check of the name knows no numeric address; the authority is checked.
  ssl: { ca: fs.readFileSync(env.DB_CA) },
};
const told = (...what) => console.log(what.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join(" | "));

async function fails(promise) {
  try {
    await promise;
    told("NOT REFUSED");
  } catch (error) {
    told("refused", error.code, error.errno, error.sqlState, error.sqlMessage);
  }
}

async function queries(link) {
  const values = [42, 2.5, "O'Brien \\ 上海", true, null, new Date(Date.UTC(2026, 10, 23)), Buffer.from([0, 255, 39])];
  for (const value of values) {
    told("text", (await link.query("SELECT ? AS it", [value]))[0]);
    told("binary", (await link.execute("SELECT ? AS it", [value]))[0]);
  }
  for (let turn = 0; turn < 4; turn += 1) {
    told("again", (await link.execute("SELECT ? * 2 AS twice", [turn]))[0]);
  }
  link.unprepare("SELECT ? * 2 AS twice");
  const [rows] = await link.query("SELECT seq, repeat('x', 200) AS x FROM seq_1_to_100000");
  told("large", rows.length, crypto.createHash("sha256").update(JSON.stringify(rows)).digest("hex"));
  await fails(link.query("SELECT nothing FROM nowhere"));
  await fails(link.query("SELEC"));
  await fails(link.query("SELECT 1; SELECT 2"));
  await fails(link.execute("SELECT ? FROM nowhere", [1]));
}

async function transactions(link) {
  await link.query("CREATE TABLE mysql2 (id int PRIMARY KEY, note text)");
  await link.beginTransaction();
  for (let n = 0; n < 20; n += 1) {
    await link.execute("INSERT INTO mysql2 VALUES (?, ?)", [n, `row ${n}`]);
  }
  await link.commit();
  await link.beginTransaction();
  told("deleted", (await link.execute("DELETE FROM mysql2"))[0].affectedRows);
  await fails(link.execute("INSERT INTO mysql2 VALUES (1, 'a'), (1, 'b')"));
  await link.rollback();
  told("rows", (await link.query("SELECT count(*) AS n FROM mysql2"))[0]);
  await link.query("DROP TABLE mysql2");
}

async function main() {
  const link = await mysql.createConnection(settings);
  await queries(link);
  await transactions(link);
  await link.ping();
  await link.end();
  const pool = mysql.createPool({ ...settings, connectionLimit: 4 });
  const numbers = await Promise.all(Array.from({ length: 12 }, (_, n) => pool.execute("SELECT ? AS n", [n])));
  told("pool", numbers.map(([rows]) => rows[0].n));
  await pool.end();
}

main();
