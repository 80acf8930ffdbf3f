//! Our own JSON: the notice's fields, and a signature over time and body in headers. See docs/formats.md.

use access::entry::canonical;
use access::model::{Notice, Timestamp};
use access::statement::rfc3339;
use serde_json::{Map, Value};

use super::Post;
use crate::message::Message;
use crate::plain::plain;
use crate::receiver::Secret;
use crate::sign::hmac_hex;

pub(super) fn post(notice: &Notice, message: &Message, secret: Option<&Secret>, now: Timestamp) -> Post {
    let mut fields: Map<String, Value> = serde_json::from_str(&notice.body).unwrap_or_default();
    fields.values_mut().for_each(make_plain);
    fields.insert("id".into(), notice.id.into());
    fields.insert("at".into(), rfc3339(notice.created).into());
    fields.insert("text".into(), message.title.as_str().into());
    let body = canonical(&fields);
    let headers = secret.map(|secret| signature(secret, now, &body)).into_iter().flatten().collect();
    Post { query: Vec::new(), headers, body }
}

fn signature(secret: &Secret, now: Timestamp, body: &str) -> [(&'static str, String); 2] {
    let time = now.seconds().to_string();
    let code = hmac_hex(secret.reveal(), format!("{time}.{body}").as_bytes());
    [("X-Countersign-Timestamp", time), ("X-Countersign-Signature", format!("v1={code}"))]
}

/// What people wrote may end in somebody's terminal or page.
fn make_plain(value: &mut Value) {
    match value {
        Value::String(text) => *text = plain(text),
        Value::Array(items) => items.iter_mut().for_each(make_plain),
        Value::Object(fields) => fields.values_mut().for_each(make_plain),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use access::text::Language;

    use super::super::Format;
    use super::super::sample::{NASTY, NOW, made, notice};
    use super::*;

    fn posted(command: &str) -> Post {
        let secret = Secret::new("s3cret");
        Format::Json.post(&notice(&made(command)), Language::English, Some(&secret), NOW)
    }

    #[test]
    fn the_body_has_the_fields_and_the_headers_sign_it() {
        let post = posted("rm x");
        let body: Value = serde_json::from_str(&post.body).unwrap();
        assert_eq!(
            (&body["id"], &body["event"], &body["request"]),
            (&17.into(), &"request-made".into(), &42.into())
        );
        assert_eq!((&body["at"], &body["command"]), (&"2026-11-23T10:00:00Z".into(), &"rm x".into()));
        assert_eq!(body["labels"]["env"], "prod");
        assert_eq!(post.headers[0], ("X-Countersign-Timestamp", "1795428000".to_owned()));
        let expected = hmac_hex("s3cret", format!("1795428000.{}", post.body).as_bytes());
        assert_eq!(post.headers[1], ("X-Countersign-Signature", format!("v1={expected}")));
    }

    #[test]
    fn nothing_hides_in_the_fields_either() {
        let post = posted(NASTY);
        let body: Value = serde_json::from_str(&post.body).unwrap();
        assert!(body["command"].as_str().unwrap().ends_with("& \\u{d}\\u{a}X: y"), "{body}");
    }
}
