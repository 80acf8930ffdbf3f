//! 钉钉 (DingTalk): the robot's text message, with its signature in the URL.

use access::model::Timestamp;
use serde_json::json;

use super::Post;
use crate::message::Message;
use crate::receiver::Secret;
use crate::sign::{hmac_base64, percent_encoded};

/// Bytes, well under the 20 KB that the robot takes for a whole message.
const LONGEST: usize = 12_000;

pub(super) fn post(message: &Message, secret: Option<&Secret>, now: Timestamp) -> Post {
    // In text nothing is markup, and nobody is mentioned who is not listed here.
    let body = json!({
        "msgtype": "text",
        "text": { "content": message.text(LONGEST) },
        "at": { "atMobiles": [], "atUserIds": [], "isAtAll": false },
    });
    let query = secret.map(|secret| signature(secret, now)).unwrap_or_default();
    Post { query, ..Post::plain(body) }
}

/// The code of `milliseconds LF secret` under the secret.
fn signature(secret: &Secret, now: Timestamp) -> Vec<String> {
    let time = now.0.div_euclid(1000);
    let code = hmac_base64(secret.reveal(), format!("{time}\n{}", secret.reveal()).as_bytes());
    vec![format!("timestamp={time}"), format!("sign={}", percent_encoded(&code))]
}

#[cfg(test)]
mod tests {
    use access::text::Language;
    use serde_json::Value;

    use super::super::Format;
    use super::super::sample::{NASTY, NOW, made, notice};
    use super::*;

    fn posted(secret: Option<&Secret>) -> Post {
        Format::Dingtalk.post(&notice(&made(NASTY)), Language::Chinese, secret, NOW)
    }

    #[test]
    fn nobody_is_mentioned_and_the_text_is_as_written() {
        let body: Value = serde_json::from_str(&posted(None).body).unwrap();
        assert_eq!((&body["msgtype"], &body["at"]["isAtAll"]), (&"text".into(), &false.into()));
        let text = body["text"]["content"].as_str().unwrap();
        assert!(text.contains("echo <@all> @all <at") && text.ends_with("\\u{d}\\u{a}X: y"), "{text}");
    }

    #[test]
    fn the_url_carries_time_and_signature() {
        assert_eq!(posted(None).query, Vec::<String>::new());
        // printf '1795428000000\nSECabc' | openssl dgst -sha256 -hmac SECabc -binary | base64
        let query = posted(Some(&Secret::new("SECabc"))).query;
        assert_eq!(
            query,
            ["timestamp=1795428000000", "sign=btIHjVATCXHpczN9ztxKd2Ve%2Bj4XVELZYi%2BmYGeltfE%3D"]
        );
    }
}
