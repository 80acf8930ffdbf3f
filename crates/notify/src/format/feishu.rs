//! 飞书 (Feishu, Lark): the robot's rich text, whose pieces are plain text by their tag, with its signature in the body.

use access::model::Timestamp;
use access::text::Language;
use serde_json::{Value, json};

use super::Post;
use crate::message::Message;
use crate::plain::defuse;
use crate::receiver::Secret;
use crate::sign::hmac_base64;

/// Bytes, well under the 20 KB that the robot takes for a whole request.
const LONGEST: usize = 12_000;

pub(super) fn post(message: &Message, language: Language, secret: Option<&Secret>, now: Timestamp) -> Post {
    let text = message.text(LONGEST);
    let mut lines = text.lines().map(|line| defuse(line, "<at"));
    let title = lines.next().unwrap_or_default();
    let content: Vec<Value> = lines.map(|line| json!([{ "tag": "text", "text": line }])).collect();
    let locale = match language {
        Language::English => "en_us",
        Language::Chinese => "zh_cn",
    };
    let mut body = json!({
        "msg_type": "post",
        "content": { "post": { locale: { "title": title, "content": content } } },
    });
    if let Some(secret) = secret {
        let time = now.seconds().to_string();
        body["sign"] = signature(secret, &time).into();
        body["timestamp"] = time.into();
    }
    Post::plain(body)
}

/// The code of nothing, under `seconds LF secret`.
fn signature(secret: &Secret, time: &str) -> String {
    hmac_base64(&format!("{time}\n{}", secret.reveal()), b"")
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::sample::{NASTY, NOW, made, notice};
    use super::*;

    fn body(secret: Option<&Secret>) -> Value {
        let post = Format::Feishu.post(&notice(&made(NASTY)), Language::Chinese, secret, NOW);
        serde_json::from_str(&post.body).unwrap()
    }

    #[test]
    fn every_line_is_a_piece_of_plain_text() {
        let body = body(None);
        let post = &body["content"]["post"]["zh_cn"];
        assert_eq!(post["title"], "Countersign：alice 的请求 42 等待签名");
        let lines = post["content"].as_array().unwrap();
        assert!(lines.iter().all(|line| line[0]["tag"] == "text" && line.as_array().unwrap().len() == 1));
        let last = lines.last().unwrap()[0]["text"].as_str().unwrap();
        assert!(last.starts_with("命令：echo <@all> @all \\u{3c}at user_id"), "{last}");
        assert!(body.get("sign").is_none());
    }

    #[test]
    fn the_body_carries_time_and_signature() {
        let body = body(Some(&Secret::new("demo")));
        assert_eq!(body["timestamp"], "1795428000");
        // printf '' | openssl dgst -sha256 -hmac "$(printf '1795428000\ndemo')" -binary | base64
        assert_eq!(body["sign"], "XwzZKEcMVQHuQg7mjVFi9HfW1elvuREd2HFc0wWIaGQ=");
    }
}
