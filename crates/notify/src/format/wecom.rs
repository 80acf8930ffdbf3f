//! 企业微信 (WeCom): the robot's text message. Its markdown has no way to write a character that is not markup, so commands
//! could not be shown as they are.

use serde_json::json;

use super::Post;
use crate::message::Message;
use crate::plain::defuse;

/// Bytes that the robot takes at most.
const LONGEST: usize = 2048;

pub(super) fn post(message: &Message) -> Post {
    // `<@somebody>` is a mention, also in text; writing it out can make the text five bytes longer each time.
    let mut room = LONGEST;
    let text = loop {
        let text = defuse(&message.text(room), "<@");
        match text.len().checked_sub(LONGEST) {
            None | Some(0) => break text,
            Some(over) => room = room.saturating_sub(over),
        }
    };
    Post::plain(json!({ "msgtype": "text", "text": { "content": text } }))
}

#[cfg(test)]
mod tests {
    use access::text::Language;
    use serde_json::Value;

    use super::super::Format;
    use super::super::sample::{NASTY, NOW, made, notice};

    fn content(command: &str) -> String {
        let post = Format::Wecom.post(&notice(&made(command)), Language::Chinese, None, NOW);
        let body: Value = serde_json::from_str(&post.body).unwrap();
        assert_eq!(body["msgtype"], "text");
        assert!(body["text"].get("mentioned_list").is_none());
        body["text"]["content"].as_str().unwrap().to_owned()
    }

    #[test]
    fn nobody_is_mentioned_and_the_rest_is_as_written() {
        let text = content(NASTY);
        assert!(text.contains("echo \\u{3c}@all> @all") && text.contains("[ok](http://evil) *b*"), "{text}");
        assert!(!text.contains("<@"));
    }

    #[test]
    fn it_is_never_longer_than_the_robot_takes() {
        for command in ["数".repeat(2000), "<@".repeat(1500), "x".repeat(1900)] {
            assert!(content(&command).len() <= 2048);
        }
    }
}
