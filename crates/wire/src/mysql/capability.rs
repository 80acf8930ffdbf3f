//! What client and server agree to use. Only what is listed here as spoken is offered to either side, so that nothing
//! crosses in a form that nobody here reads.

/// Gives the number of matched rows instead of changed ones.
pub const FOUND_ROWS: u64 = 1 << 1;
/// The handshake names a database.
pub const CONNECT_WITH_DB: u64 = 1 << 3;
/// Compressed packets.
pub const COMPRESS: u64 = 1 << 5;
/// The server may ask for the client's files (`LOAD DATA LOCAL`).
pub const LOCAL_FILES: u64 = 1 << 7;
/// The protocol of this century.
pub const PROTOCOL_41: u64 = 1 << 9;
/// TLS.
pub const SSL: u64 = 1 << 11;
/// Proofs of passwords have a length.
pub const SECURE_CONNECTION: u64 = 1 << 15;
/// Several statements in one text.
pub const MULTI_STATEMENTS: u64 = 1 << 16;
/// Several results for one command (procedures).
pub const MULTI_RESULTS: u64 = 1 << 17;
/// The same for prepared statements.
pub const PS_MULTI_RESULTS: u64 = 1 << 18;
/// Methods of authentication have names.
pub const PLUGIN_AUTH: u64 = 1 << 19;
/// The client describes itself.
pub const CONNECT_ATTRS: u64 = 1 << 20;
/// The proof's length may have more than one byte.
pub const PLUGIN_AUTH_LENENC: u64 = 1 << 21;
/// The server tells what changed in the session.
pub const SESSION_TRACK: u64 = 1 << 23;
/// OK packets instead of EOF packets.
pub const DEPRECATE_EOF: u64 = 1 << 24;
/// Compression of another kind.
pub const ZSTD: u64 = 1 << 26;
/// Attributes before the text of a query.
pub const QUERY_ATTRIBUTES: u64 = 1 << 27;
/// MariaDB's progress reports.
pub const PROGRESS: u64 = 1 << 32;

/// Says of a server that it is MySQL; MariaDB does without, and has more capabilities in their place.
pub(super) const MYSQL: u64 = 1;

const LONG_FLAG: u64 = 1 << 2;
const INTERACTIVE: u64 = 1 << 10;
const IGNORE_SIGPIPE: u64 = 1 << 12;
const TRANSACTIONS: u64 = 1 << 13;
const RESERVED: u64 = 1 << 14;

/// What may be used. Not among them: compression, files of the client, several statements in one text, attributes of queries,
/// bulk execution, results without descriptions, and whatever comes later.
pub const SPOKEN: u64 = MYSQL
    | FOUND_ROWS
    | LONG_FLAG
    | CONNECT_WITH_DB
    | PROTOCOL_41
    | INTERACTIVE
    | SSL
    | IGNORE_SIGPIPE
    | TRANSACTIONS
    | RESERVED
    | SECURE_CONNECTION
    | MULTI_RESULTS
    | PS_MULTI_RESULTS
    | PLUGIN_AUTH
    | CONNECT_ATTRS
    | PLUGIN_AUTH_LENENC
    | SESSION_TRACK
    | DEPRECATE_EOF
    | PROGRESS;
