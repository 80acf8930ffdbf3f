// A pool of node-postgres: several connections at once. It reads libpq's environment.
"use strict";

const fs = require("fs");
const tls = require("tls");
const { Pool } = require("pg");

// For a numeric address the library asks TLS to check "localhost".
const checkServerIdentity = (_name, certificate) => tls.checkServerIdentity(process.env.PGHOST, certificate);

async function main() {
  const pool = new Pool({ ssl: { ca: fs.readFileSync(process.env.PGSSLROOTCERT), checkServerIdentity }, max: 4 });
  const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => pool.query("SELECT $1::int AS n", [n])));
  answers.forEach((answer) => console.log(answer.rows[0].n));
  await pool.end();
}

main();
