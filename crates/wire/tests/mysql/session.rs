//! No command reaches the server before its verdict, and the end of each answer is known.

use wire::Error;
use wire::mysql::{
    Act, ActKind, Decoder, Failure, Outcome, Output, Packet, Progress, Session, Value, capability, ok,
    packets,
};

struct Talk {
    session: Session,
    to_server: Vec<Vec<u8>>,
    to_client: Vec<Vec<u8>>,
    judged: Vec<Act>,
    outcomes: Vec<Outcome>,
    leaving: bool,
}

fn all(bytes: &[u8]) -> Vec<Packet> {
    let mut decoder = Decoder::new(64 << 20);
    decoder.feed(bytes);
    std::iter::from_fn(|| decoder.packet().expect("packets")).collect()
}

impl Talk {
    fn new(capabilities: u64) -> Self {
        Self {
            session: Session::new(capabilities),
            to_server: Vec::new(),
            to_client: Vec::new(),
            judged: Vec::new(),
            outcomes: Vec::new(),
            leaving: false,
        }
    }

    fn says(&mut self, payload: &[u8]) {
        for packet in all(&packets(0, payload)) {
            self.session.client(&packet).expect("it makes sense");
        }
        self.look();
    }

    /// The server's packets, numbered from 1.
    fn try_answers(&mut self, payloads: &[&[u8]]) -> Result<(), Error> {
        for (sequence, payload) in (1..).zip(payloads) {
            for packet in all(&packets(sequence, payload)) {
                self.session.server(&packet)?;
            }
        }
        self.look();
        Ok(())
    }

    fn answers(&mut self, payloads: &[&[u8]]) {
        self.try_answers(payloads).expect("it makes sense");
    }

    fn allow(&mut self) {
        let id = self.judged.last().expect("something to judge").id;
        assert_eq!(self.session.allow(id), Ok(true));
        self.look();
    }

    fn look(&mut self) {
        while let Some(output) = self.session.output() {
            match output {
                Output::ToServer(bytes) => self.to_server.push(bytes.to_vec()),
                Output::ToClient(bytes) => self.to_client.push(bytes.to_vec()),
                Output::Judge(act) => self.judged.push(act),
                Output::Outcome(_, outcome) => self.outcomes.push(outcome),
                Output::Leaving => self.leaving = true,
            }
        }
    }

    /// Prepares this text as statement 1 with that many parameters.
    fn prepared(&mut self, text: &str, parameters: u8) {
        self.says(&[b"\x16", text.as_bytes()].concat());
        let described = vec![&b"\x03def"[..]; parameters.into()];
        let head = [0, 1, 0, 0, 0, 0, 0, parameters, 0, 0, 0, 0];
        let end: &[&[u8]] = if parameters > 0 { &[EOF] } else { &[] };
        self.answers(&[&[&head[..]], &described[..], end].concat());
        self.to_server.clear();
        self.to_client.clear();
    }
}

const OK: &[u8] = &[0, 3, 0, 2, 0, 0, 0];
const OK_MORE: &[u8] = &[0, 3, 0, 10, 0, 0, 0];
const EOF: &[u8] = &[0xfe, 0, 0, 2, 0];
const EOF_MORE: &[u8] = &[0xfe, 0, 0, 10, 0];
const COLUMN: &[u8] = b"\x03def\0";

fn execute(parameters: &[u8]) -> Vec<u8> {
    [&[0x17, 1, 0, 0, 0, 0, 1, 0, 0, 0], parameters].concat()
}

fn values(talk: &Talk) -> Vec<Value> {
    match &talk.judged.last().expect("something judged").kind {
        ActKind::Execute(_, values, _) => values.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_query_waits_for_its_verdict_and_the_next_one_for_its_answer() {
    let mut talk = Talk::new(0);
    talk.says(b"\x03DELETE FROM orders");
    talk.says(b"\x03SELECT 1");
    assert!(talk.to_server.is_empty() && talk.judged.len() == 1);
    talk.allow();
    assert_eq!((talk.to_server.len(), talk.judged.len()), (1, 1));
    talk.answers(&[OK]);
    assert!(matches!(talk.outcomes[..], [Outcome::Done(done)] if done.rows == Some(3)));
    assert_eq!(talk.judged.len(), 2);
}

#[test]
fn a_refusal_is_told_without_the_server() {
    let mut talk = Talk::new(0);
    talk.says(b"\x03DROP TABLE t");
    let id = talk.judged[0].id;
    assert_eq!(talk.session.refuse(id, &Failure::refused("request 42")), Ok(true));
    assert_eq!(talk.session.refuse(id, &Failure::refused("request 42")), Ok(false));
    assert_eq!(talk.session.allow(id), Ok(false), "a late verdict lets nothing cross");
    talk.look();
    assert!(talk.to_server.is_empty());
    assert_eq!(talk.to_client[0][3], 1, "the number behind the command's");
    assert!(talk.to_client[0].ends_with(b"#42000request 42"));
    talk.says(b"\x0e");
    assert_eq!(talk.to_server.len(), 1);
}

#[test]
fn what_is_not_listed_never_crosses() {
    let listed = [0x01, 0x02, 0x03, 0x04, 0x09, 0x0e, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1f];
    for code in (0..=u8::MAX).filter(|code| !listed.contains(code)) {
        let mut talk = Talk::new(0);
        talk.says(&[code, 0, 0]);
        assert!(talk.to_server.is_empty() && talk.judged.is_empty() && talk.to_client.len() == 1, "{code}");
    }
    let mut talk = Talk::new(0);
    talk.says(&[0x1b, 0, 0]);
    assert!(talk.to_server.is_empty(), "several statements in one text");
}

#[test]
fn rows_end_where_they_end() {
    for (capabilities, answer) in [
        (0, vec![&[2][..], COLUMN, COLUMN, EOF, b"\x01a\x01b", b"\xfb\xfb", EOF]),
        (capability::DEPRECATE_EOF, vec![&[2], COLUMN, COLUMN, b"\x01a\x01b", &[0xfe, 0, 0, 2, 0, 0, 0]]),
        (0, vec![&[1], COLUMN, EOF, EOF_MORE, OK_MORE, OK]),
        (0, vec![&[1], COLUMN, EOF, b"\xff\x15\x04#42000killed"]),
        (0, vec![b"\xff\x15\x04#42000no"]),
    ] {
        let mut talk = Talk::new(capabilities);
        talk.says(b"\x03SELECT a, b FROM t");
        talk.says(b"\x03SELECT 2");
        talk.allow();
        let (last, before) = answer.split_last().unwrap();
        talk.answers(before);
        assert_eq!(talk.judged.len(), 1, "{answer:?}");
        talk.answers(&[last]);
        assert_eq!((talk.judged.len(), talk.to_client.len()), (2, answer.len()), "{answer:?}");
    }
}

#[test]
fn a_row_of_many_megabytes_is_not_taken_for_the_end() {
    let mut talk = Talk::new(capability::DEPRECATE_EOF);
    talk.says(b"\x03SELECT x FROM t");
    talk.says(b"\x03SELECT 2");
    talk.allow();
    let row = [&b"\xfe\0\0\0\x01\0\0\0\0"[..], &vec![b'x'; 16 << 20]].concat();
    talk.answers(&[&[1], COLUMN, &row]);
    assert_eq!(talk.judged.len(), 1);
    talk.answers(&[&[0xfe, 0, 0, 2, 0, 0, 0]]);
    assert_eq!(talk.judged.len(), 2);
}

#[test]
fn a_server_that_asks_for_a_file_is_out_of_step() {
    let mut talk = Talk::new(0);
    talk.says(b"\x03LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t");
    talk.allow();
    assert!(matches!(talk.try_answers(&[b"\xfb/etc/passwd"]), Err(Error::OutOfStep(_))));
    assert!(talk.to_client.is_empty());
    assert!(matches!(Talk::new(0).try_answers(&[OK]), Err(Error::OutOfStep(_))), "nobody asked");
}

#[test]
fn a_prepared_statement_is_judged_with_its_parameters() {
    let mut talk = Talk::new(0);
    talk.prepared("DELETE FROM t WHERE id = ? AND name = ? AND x IS ?", 3);
    let types = [3, 0, 253, 0, 8, 0x80];
    talk.says(&execute(&[&[0b100, 1][..], &types, &7u32.to_le_bytes(), b"\x03ana"].concat()));
    let expected = [Value::Int(7), Value::Bytes("ana".into()), Value::Null];
    assert_eq!(values(&talk), expected);
    assert!(
        matches!(&talk.judged[0].kind, ActKind::Execute(prepared, ..) if prepared.text.starts_with(b"DELETE"))
    );
    talk.allow();
    talk.answers(&[OK]);
    // The second time the types are those of the first.
    talk.says(&execute(&[&[0b010, 0][..], &(-1i32).to_le_bytes(), &[255; 8]].concat()));
    assert_eq!(values(&talk), [Value::Int(-1), Value::Null, Value::Unsigned(u64::MAX)]);
}

#[test]
fn a_long_parameter_is_judged_as_what_was_sent_before() {
    let mut talk = Talk::new(0);
    talk.prepared("INSERT INTO t VALUES (?)", 1);
    talk.says(b"\x18\x01\0\0\0\0\0long ");
    talk.says(b"\x18\x01\0\0\0\0\0text");
    assert_eq!(talk.to_server.len(), 2, "not answered, so nothing waits");
    talk.says(&execute(&[0, 1, 252, 0]));
    assert_eq!(values(&talk), [Value::Long("long text".into())]);
    talk.allow();
    talk.answers(&[OK]);
    talk.says(&execute(&[0, 0, 1, b'x']));
    assert_eq!(values(&talk), [Value::Bytes("x".into())], "for one run only");
}

#[test]
fn statements_that_are_gone_or_unknown_are_not_run() {
    let mut talk = Talk::new(0);
    talk.prepared("DELETE FROM t", 0);
    talk.says(b"\x19\x01\0\0\0");
    talk.says(&execute(&[]));
    assert_eq!((talk.to_server.len(), talk.judged.len(), talk.to_client.len()), (1, 0, 1));
    // MariaDB's "the one prepared last".
    talk.says(b"\x17\xff\xff\xff\xff\0\x01\0\0\0");
    assert_eq!((talk.to_server.len(), talk.to_client.len()), (1, 2));
    let mut talk = Talk::new(0);
    talk.prepared("DELETE FROM t", 0);
    talk.says(b"\x1f");
    talk.allow();
    talk.answers(&[OK]);
    talk.says(&execute(&[]));
    assert!(talk.judged.len() == 1, "all are forgotten with the session");
}

#[test]
fn parameters_that_make_no_sense_end_the_connection() {
    for parameters in [
        &[0, 1, 3, 0, 1][..],
        &[0, 0, 1],
        &[0, 1, 77, 0],
        &[0, 1, 12, 0, 5, 1, 1, 1, 1, 1],
        &[],
        &[0, 1, 1, 0, 5, 9],
    ] {
        let mut talk = Talk::new(0);
        talk.prepared("SELECT ?", 1);
        let packet = &all(&packets(0, &execute(parameters)))[0];
        assert_eq!(talk.session.client(packet), Err(Error::Malformed("parameters")), "{parameters:?}");
    }
}

#[test]
fn a_held_statement_shows_progress_and_the_numbers_go_on_behind_it() {
    let mut talk = Talk::new(capability::PROGRESS);
    let progress = Progress { stage: (1, 2), thousandths: 50_000, what: "request 42: 1 of 2".to_owned() };
    assert!(!talk.session.progress(&progress), "nothing is held");
    talk.says(b"\x03DELETE FROM orders");
    assert!(talk.session.progress(&progress) && talk.session.progress(&progress));
    talk.allow();
    talk.answers(&[OK]);
    let numbers: Vec<u8> = talk.to_client.iter().map(|packet| packet[3]).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(talk.to_client[0][4..10], [0xff, 0xff, 0xff, 1, 1, 2]);
    let mut talk = Talk::new(0);
    talk.says(b"\x03DELETE FROM orders");
    assert!(!talk.session.progress(&progress), "this client does not take it");
}

#[test]
fn goodbye_is_noticed_while_something_is_held() {
    let mut talk = Talk::new(0);
    talk.says(b"\x03DELETE FROM orders");
    talk.says(b"\x01");
    assert!(talk.leaving && talk.to_server.is_empty());
}

#[test]
fn a_command_over_several_packets_is_one() {
    let mut talk = Talk::new(0);
    talk.says(&[b"\x03", &vec![b' '; 0xff_ffff][..], b"DROP TABLE t"].concat());
    let ActKind::Query(text) = &talk.judged[0].kind else { panic!("a query") };
    assert!(text.ends_with(b"DROP TABLE t"), "the end is judged too");
    talk.allow();
    assert_eq!(talk.to_server.len(), 2);
    let mut odd = Talk::new(0);
    assert!(odd.session.client(&all(&ok(5, 2))[0]).is_err(), "packets are counted");
}
