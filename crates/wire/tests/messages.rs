//! Typed PostgreSQL messages: byte-exact examples, encoders and readers that agree, and bytes that make no sense.

use proptest::prelude::*;
use wire::Error;
use wire::postgres::startup::{CancelKey, Version};
use wire::postgres::{
    Authentication, Backend, Decoder, Frame, Frontend, Limits, Piece, Report, Severity, Side, Status,
    Subject, Tag, encode, password,
};

fn frame(side: Side, bytes: &[u8]) -> Frame {
    let mut decoder = Decoder::new(side, Limits::default());
    decoder.feed(bytes);
    match decoder.piece() {
        Ok(Some(Piece::Whole(frame))) if decoder.is_between() => frame,
        other => panic!("{other:?}"),
    }
}

fn client(bytes: &[u8]) -> Frame {
    frame(Side::Frontend, bytes)
}

fn server(bytes: &[u8]) -> Frame {
    frame(Side::Backend, bytes)
}

fn raw(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[tag], &u32::try_from(body.len() + 4).expect("short").to_be_bytes()[..], body].concat()
}

#[test]
fn a_query_is_its_text() {
    assert_eq!(encode::query(b"SELECT 1").unwrap().as_ref(), b"Q\0\0\0\x0dSELECT 1\0");
    assert_eq!(Frontend::parse(&client(b"Q\0\0\0\x0dSELECT 1\0")), Ok(Frontend::Query(b"SELECT 1")));
    assert_eq!(encode::query(b"SELECT 1\0; DROP"), Err(Error::Zero("text")));
}

#[test]
fn text_behind_the_end_of_a_query_is_refused_as_the_server_does() {
    for body in [&b"SELECT 1"[..], b"SELECT 1\0DROP TABLE t\0", b""] {
        assert_eq!(Frontend::parse(&client(&raw(b'Q', body))), Err(Error::Malformed("Query")));
    }
}

#[test]
fn bind_carries_formats_and_values() {
    let body = b"p\0s\0\0\x02\0\0\0\x01\0\x02\xff\xff\xff\xff\0\0\0\x02ab\0\x01\0\x01";
    let frame = client(&raw(b'B', body));
    let Ok(Frontend::Bind(bind)) = Frontend::parse(&frame) else { panic!("a Bind") };
    assert_eq!((bind.portal, bind.statement), (&b"p"[..], &b"s"[..]));
    assert_eq!(bind.values, [None, Some(&b"ab"[..])]);
    assert!(!bind.is_binary(0) && bind.is_binary(1));
    let ours = encode::bind(b"p", b"s", &[None, Some(b"ab")]).unwrap();
    let frame = client(&ours);
    assert!(
        matches!(Frontend::parse(&frame), Ok(Frontend::Bind(bind)) if bind.values == [None, Some(&b"ab"[..])])
    );
}

#[test]
fn one_format_holds_for_all_parameters() {
    let frame = client(&raw(b'B', b"\0\0\0\x01\0\x01\0\x02\0\0\0\x01a\0\0\0\x01b\0\0"));
    let Ok(Frontend::Bind(bind)) = Frontend::parse(&frame) else { panic!("a Bind") };
    assert!(bind.is_binary(0) && bind.is_binary(1));
}

#[test]
fn false_counts_lengths_and_codes_are_refused() {
    for (tag, body) in [
        (b'B', &b"\0\0\0\0\xff\xff"[..]),
        (b'B', b"\0\0\0\0\0\x01\0\0\0\x09a\0\0"),
        (b'B', b"\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0"),
        (b'B', b"\0\0\0\x01\0\x02\0\0\0\0"),
        (b'B', b"\0\0\0\x02\0\0\0\0\0\x01\0\0\0\x01a\0\0"),
        (b'B', b"\0\0\0\0\0\0\0\0\0"),
        (b'P', b"\0SELECT 1\0\0\x02\0\0\0\x19"),
        (b'D', b"X\0"),
        (b'C', b"S"),
        (b'S', b"x"),
        (b'E', b"\0\0\0"),
    ] {
        let frame = client(&raw(tag, body));
        assert!(matches!(Frontend::parse(&frame), Err(Error::Malformed(_))), "{body:?}");
    }
}

#[test]
fn every_message_of_ours_reads_back() {
    let parse = client(&encode::parse(b"s", b"SELECT $1", &[23]).unwrap());
    let expected = Frontend::Parse { statement: b"s", text: b"SELECT $1", types: vec![23] };
    assert_eq!(Frontend::parse(&parse), Ok(expected));
    for (bytes, message) in [
        (encode::describe(Subject::Statement(b"s")), Frontend::Describe(Subject::Statement(b"s"))),
        (encode::close(Subject::Portal(b"p")), Frontend::Close(Subject::Portal(b"p"))),
        (encode::execute(b"p", 5), Frontend::Execute { portal: b"p", rows: 5 }),
        (Ok(encode::flush()), Frontend::Flush),
        (Ok(encode::sync()), Frontend::Sync),
        (Ok(encode::copy_fail("no")), Frontend::CopyFail(b"no")),
        (Ok(encode::terminate()), Frontend::Terminate),
    ] {
        assert_eq!(Frontend::parse(&client(&bytes.unwrap())), Ok(message));
    }
    for (bytes, message) in [
        (encode::authentication_ok(), Backend::Authentication(Authentication::Ok)),
        (encode::authentication_cleartext_password(), Backend::Authentication(Authentication::Cleartext)),
        (encode::ready_for_query(Status::Failed), Backend::Ready(Status::Failed)),
        (encode::parameter_status("a", "b"), Backend::ParameterStatus { name: b"a", value: b"b" }),
    ] {
        assert_eq!(Backend::parse(&server(&bytes)), Ok(message));
    }
    let key = CancelKey { process: 7, secret: vec![1; 32].into() };
    assert_eq!(Backend::parse(&server(&encode::backend_key_data(&key))), Ok(Backend::KeyData(key)));
    let frame = server(&encode::negotiate_protocol_version(Version::V3_2, &["_pq_.x"]));
    let expected = Backend::NegotiateProtocolVersion { version: Version::V3_2, unknown: vec![b"_pq_.x"] };
    assert_eq!(Backend::parse(&frame), Ok(expected));
}

#[test]
fn secrets_are_read_by_what_was_asked_for() {
    let login = |bytes: &[u8]| frame(Side::Login, bytes);
    let plain = login(&encode::password(b"ticket").unwrap());
    let Ok(Frontend::Secret(secret)) = Frontend::parse(&plain) else { panic!("a secret") };
    assert_eq!(password(secret), Ok(&b"ticket"[..]));
    assert!(password(b"no end").is_err() && password(b"two\0ends\0").is_err());
    let first = encode::sasl_initial_response("SCRAM-SHA-256", b"n,,n=,r=x").unwrap();
    assert_eq!(first.as_ref(), &raw(b'p', b"SCRAM-SHA-256\0\0\0\0\x09n,,n=,r=x")[..]);
}

#[test]
fn a_report_has_the_fields_that_drivers_look_at() {
    let report = Report::error("42501", "held\0back").with_detail("rule 7").with_hint("request 42");
    let bytes = report.encode();
    let body = "SERROR\0VERROR\0C42501\0Mheld\u{fffd}back\0Drule 7\0Hrequest 42\0\0";
    assert_eq!(bytes.as_ref(), &raw(b'E', body.as_bytes())[..]);
    let expected = Report { message: "held\u{fffd}back".to_owned(), ..report };
    assert_eq!(Backend::parse(&server(&bytes)), Ok(Backend::Error(expected)));
    assert_eq!(Report::notice("x").encode().first(), Some(&b'N'));
}

#[test]
fn a_servers_severity_is_known_in_any_language() {
    let severity = |body: &[u8]| match Backend::parse(&server(&raw(b'E', body))) {
        Ok(Backend::Error(report)) => report.severity,
        other => panic!("{other:?}"),
    };
    assert_eq!(severity("S致命错误\0VFATAL\0C57P01\0Mx\0\0".as_bytes()), Severity::Fatal);
    assert_eq!(severity(b"SFATAL\0C57P01\0Mx\0\0"), Severity::Fatal, "servers before 9.6");
    assert_eq!(severity("SFEHLER\0VERROR\0C42601\0Mx\0\0".as_bytes()), Severity::Error);
}

#[test]
fn command_tags_say_what_and_how_many() {
    for (tag, command, rows) in [
        ("INSERT 0 5", "INSERT", Some(5)),
        ("DELETE 1204332", "DELETE", Some(1_204_332)),
        ("SELECT 0", "SELECT", Some(0)),
        ("CREATE TABLE", "CREATE TABLE", None),
        ("COPY 7", "COPY", Some(7)),
        ("DEALLOCATE ALL", "DEALLOCATE ALL", None),
        ("", "", None),
        ("99", "", Some(99)),
    ] {
        let tag = Tag(tag.as_bytes());
        assert_eq!((tag.command(), tag.rows()), (command.as_bytes(), rows));
    }
}

#[test]
fn columns_are_described() {
    let frame = server(&raw(b'T', b"\0\x01id\0\0\0\x40\0\0\x02\0\0\0\x17\0\x04\xff\xff\xff\xff\0\x01"));
    let Ok(Backend::RowDescription(columns)) = Backend::parse(&frame) else { panic!("columns") };
    let [id] = columns[..] else { panic!("one column") };
    assert_eq!((id.name, id.table, id.number, id.kind, id.is_binary), (&b"id"[..], 0x4000, 2, 23, true));
}

proptest! {
    #[test]
    fn arbitrary_bodies_never_panic(tag in any::<u8>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
        for side in [Side::Login, Side::Frontend, Side::Backend] {
            let mut decoder = Decoder::new(side, Limits::default());
            decoder.feed(&raw(tag, &body));
            if let Ok(Some(Piece::Whole(frame))) = decoder.piece() {
                let _ = Frontend::parse(&frame);
                let _ = Backend::parse(&frame);
            }
        }
    }

    #[test]
    fn binds_read_back(
        names in ("[^\0]{0,70}", "[^\0]{0,70}"),
        values in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..50)), 0..20),
    ) {
        let values: Vec<Option<&[u8]>> = values.iter().map(Option::as_deref).collect();
        let bytes = encode::bind(names.0.as_bytes(), names.1.as_bytes(), &values).unwrap();
        let frame = client(&bytes);
        let Ok(Frontend::Bind(bind)) = Frontend::parse(&frame) else { panic!("a Bind") };
        prop_assert_eq!((bind.portal, bind.statement), (names.0.as_bytes(), names.1.as_bytes()));
        prop_assert_eq!(bind.values, values);
    }

    #[test]
    fn reports_read_back(message in "[^\0]{0,80}", detail in prop::option::of("[^\0]{1,80}")) {
        let report = Report { detail, ..Report::fatal("57P01", message) };
        let frame = server(&report.encode());
        prop_assert_eq!(Backend::parse(&frame), Ok(Backend::Error(report)));
    }
}
