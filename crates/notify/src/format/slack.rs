//! Slack: a section of plain text, so that nothing is markup, and the same as mrkdwn for notifications without blocks.

use serde_json::json;

use super::Post;
use crate::message::Message;

/// Characters that a section takes at most.
const LONGEST: usize = 3000;

pub(super) fn post(message: &Message) -> Post {
    let text = fitting(message);
    Post::plain(json!({
        "text": escaped(&message.title),
        "blocks": [{ "type": "section", "text": { "type": "plain_text", "text": text, "emoji": false } }],
        "unfurl_links": false,
        "unfurl_media": false,
    }))
}

/// Escaping makes `&` four characters longer, so what fits is found by trying.
fn fitting(message: &Message) -> String {
    let mut room = LONGEST;
    loop {
        let text = escaped(&message.text(room));
        match text.len().checked_sub(LONGEST) {
            None | Some(0) => return text,
            Some(over) => room = room.saturating_sub(over.div_ceil(5).max(1)),
        }
    }
}

/// The three characters that begin mentions, links and entities.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use access::text::Language;
    use serde_json::Value;

    use super::super::Format;
    use super::super::sample::{NASTY, NOW, made, notice};

    fn section(command: &str) -> String {
        let post = Format::Slack.post(&notice(&made(command)), Language::English, None, NOW);
        let body: Value = serde_json::from_str(&post.body).unwrap();
        let text = &body["blocks"][0]["text"];
        assert_eq!((&text["type"], &text["emoji"]), (&"plain_text".into(), &false.into()));
        text["text"].as_str().unwrap().to_owned()
    }

    #[test]
    fn mentions_and_links_are_text() {
        let text = section(NASTY);
        assert!(
            text.contains("&lt;!channel&gt;") && text.contains("&lt;http://evil|ok&gt; &amp; "),
            "{text}"
        );
        assert!(!text.contains('<') && !text.contains('>'));
    }

    #[test]
    fn a_section_is_never_longer_than_slack_takes() {
        for command in ["&".repeat(2900), "x".repeat(9000), "<".repeat(1000)] {
            let text = section(&command);
            assert!(text.len() <= 3000 && text.len() > 2000, "{}", text.len());
        }
    }
}
