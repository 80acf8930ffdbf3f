//! What an adversary with an account sends, and does on the target meanwhile.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::bastion::Bastion;
use super::{CREATE, DATA, HANDLE, READ, Raw, STATUS, TRUNCATE, WRITE, packet, string};

const PERMISSION_DENIED: Option<u32> = Some(3);
const FAILURE: Option<u32> = Some(4);
const BAD_MESSAGE: Option<u32> = Some(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_packet_ends_the_channel_with_a_sentence_and_nothing_else() {
    let bastion = Bastion::start().await;
    let file = bastion.dir.path().join("untouched");
    fs::write(&file, "x").unwrap();
    let remove = string(file.display().to_string());
    let number = 7u32.to_be_bytes();
    for (what, bytes) in [
        ("a huge length", (1u32 << 31).to_be_bytes().to_vec()),
        ("an empty packet", vec![0; 4]),
        ("an unknown type", packet(99, &number)),
        ("an answer", packet(STATUS, &number)),
        ("a second hello", packet(1, &3u32.to_be_bytes())),
        (
            "a string longer than its packet",
            packet(13, &[&number[..], &(1u32 << 31).to_be_bytes(), b"/x"].concat()),
        ),
        ("bytes behind the last field", packet(13, &[&number[..], &remove, b"more"].concat())),
        ("an end inside a packet", packet(13, &[&number[..], &remove].concat())[..20].to_vec()),
    ] {
        let mut raw = Raw::open(&bastion, &bastion.web()).await;
        raw.send(&bytes).await;
        let (status, told) = raw.finish().await;
        assert_eq!(status, Some(1), "{what}: {told}");
        assert!(told.contains("not understood as SFTP"), "{what}: {told}");
        assert!(file.exists(), "{what}");
    }
    assert!(bastion.run("true").await.status.success(), "the gateway serves on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_before_the_hello_and_an_old_version_are_refused() {
    let bastion = Bastion::start().await;
    for first in
        [packet(1, &2u32.to_be_bytes()), packet(16, &[&7u32.to_be_bytes()[..], &string(".")].concat())]
    {
        let mut raw = Raw::connect(&bastion, &bastion.web()).await;
        raw.send(&first).await;
        let (status, told) = raw.finish().await;
        assert!(status == Some(1) && told.contains("not understood as SFTP"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn handles_serve_one_channel_and_one_purpose() {
    let bastion = Bastion::start().await;
    let file = bastion.dir.path().join("file");
    fs::write(&file, "content").unwrap();
    let path = file.display().to_string();
    let (mut one, mut other) =
        (Raw::open(&bastion, &bastion.web()).await, Raw::open(&bastion, &bastion.web()).await);
    let reading = one.open_file(&path, READ).await;
    assert_eq!(reading.kind, HANDLE);
    let reading = reading.string();
    assert_eq!(other.read(&reading, 0, 10).await.code(), FAILURE);
    assert_eq!(one.write(&reading, 0, b"changed").await.code(), FAILURE);
    assert_eq!(one.read(&reading, 0, 10).await.string(), b"content");
    let writing = one.open_file(&path, WRITE).await.string();
    assert_eq!(one.read(&writing, 0, 10).await.code(), FAILURE);
    for forged in [&b""[..], &[0; 4], &[0xff; 4], &[0; 256]] {
        assert_eq!(one.read(forged, 0, 10).await.code(), FAILURE);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "content");
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_opens_are_bounded_and_answered() {
    let bastion = Bastion::start().await;
    let file = bastion.dir.path().join("file");
    fs::write(&file, "content").unwrap();
    let (file, folder) = (file.display().to_string(), bastion.dir.path().display().to_string());
    let mut raw = Raw::open(&bastion, &bastion.web()).await;
    for _ in 0..200 {
        raw.request(3, &[string(&file), READ.to_be_bytes().to_vec(), vec![0; 4]].concat()).await;
        raw.request(11, &string(&folder)).await;
    }
    let mut opened = 0;
    for number in 1..=400 {
        let reply = raw.receive().await.unwrap();
        assert_eq!(reply.number, number, "in order");
        opened += usize::from(reply.kind == HANDLE);
        assert!(reply.kind == HANDLE || reply.code() == FAILURE, "{reply:?}");
    }
    assert_eq!(opened, 256);
    let (_, told) = raw.finish().await;
    assert!(told.contains("256 files are open"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_pipelined_reads_are_answered_each_with_its_own() {
    let bastion = Bastion::start().await;
    let file = bastion.dir.path().join("file");
    let content: Vec<u8> = (0..5000u32).flat_map(u32::to_be_bytes).collect();
    fs::write(&file, &content).unwrap();
    let mut raw = Raw::open(&bastion, &bastion.web()).await;
    let handle = raw.open_file(&file.display().to_string(), READ).await.string();
    let first = raw.number + 1;
    for at in 0..5000u64 {
        raw.request(
            5,
            &[string(&handle), (at * 4).to_be_bytes().to_vec(), 4u32.to_be_bytes().to_vec()].concat(),
        )
        .await;
    }
    for _ in 0..5000 {
        let reply = raw.receive().await.unwrap();
        assert_eq!(reply.kind, DATA);
        assert_eq!(reply.string(), (reply.number - first).to_be_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_nobody_can_read_are_refused_and_the_channel_goes_on() {
    let bastion = Bastion::start().await;
    let mut raw = Raw::open(&bastion, &bastion.gated()).await;
    for path in [&b"/tmp/a\nb"[..], b"/tmp/\xff\xfe", b"/tmp/\x1b[2J", b"/tmp/a\0b", &[b'a'; 5000]] {
        assert_eq!(raw.ask(13, &string(path)).await.code(), BAD_MESSAGE);
    }
    assert_eq!(raw.ask(200, &string("run@example.com")).await.code(), Some(8));
    let (_, told) = raw.finish().await;
    assert!(told.contains("no plain text") && told.contains("run@example.com"), "{told}");
    assert!(bastion.ledger().contains("run@example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn start_up_files_and_logs_are_not_written_through_any_spelling() {
    let bastion = Bastion::start().await;
    let folder = bastion.dir.path().join("mine");
    fs::create_dir(&folder).unwrap();
    symlink("/etc/cron.d", folder.join("notes")).unwrap();
    let name = format!("canary-{}", std::process::id());
    let folder = folder.display();
    for path in [
        format!("{folder}/notes/{name}"),
        format!("{folder}/../../../../../../etc/cron.d/{name}"),
        format!("{folder}/./notes//{name}"),
        format!("/proc/self/root/etc/cron.d/{name}"),
    ] {
        let mut raw = Raw::open(&bastion, &bastion.gated()).await;
        raw.request(
            3,
            &[string(&path), (WRITE | CREATE | TRUNCATE).to_be_bytes().to_vec(), vec![0; 4]].concat(),
        )
        .await;
        // Held or refused: either way nothing is there, and leaving withdraws it.
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        drop(raw);
        assert!(!std::path::Path::new("/etc/cron.d").join(&name).exists(), "{path}");
    }
    let ledger = bastion.ledger();
    let written = ledger.lines().filter(|line| line.contains("write-file"));
    assert!(written.clone().count() >= 3, "{ledger}");
    assert!(written.clone().all(|line| !line.contains("\"allow\"")), "{ledger}");
}

/// Somebody on the target exchanges a folder for a link to another, over and over, while the gateway opens files in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_keeps_becoming_a_link_leads_nowhere() {
    let bastion = Bastion::start().await;
    let root = bastion.dir.path().join("race");
    let secret = root.join("secret");
    fs::create_dir_all(&secret).unwrap();
    fs::create_dir_all(root.join("kept")).unwrap();
    fs::write(secret.join("a"), "a secret that is longer").unwrap();
    fs::write(root.join("kept/a"), "mine").unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let swapping = {
        let (root, stop) = (root.clone(), stop.clone());
        std::thread::spawn(move || {
            let (mine, kept) = (root.join("mine"), root.join("kept"));
            while !stop.load(Ordering::Relaxed) {
                fs::rename(&kept, &mine).unwrap();
                std::thread::sleep(std::time::Duration::from_micros(300));
                fs::rename(&mine, &kept).unwrap();
                symlink("secret", &mine).unwrap();
                std::thread::sleep(std::time::Duration::from_micros(300));
                fs::remove_file(&mine).unwrap();
            }
        })
    };
    let mut raw = Raw::open(&bastion, &bastion.gated()).await;
    let path = root.join("mine/a").display().to_string();
    let (mut read, mut refused) = (0, 0);
    for _ in 0..150 {
        let reply = raw.open_file(&path, READ).await;
        if reply.kind != HANDLE {
            refused += 1;
            continue;
        }
        let handle = reply.string();
        let content = raw.read(&handle, 0, 100).await;
        // Resolved to the secret itself, it was judged as the secret; the path of the entry says which.
        if content.string() == b"a secret that is longer" {
            read += 1;
        }
        raw.ask(4, &string(&handle)).await;
    }
    stop.store(true, Ordering::Relaxed);
    swapping.join().unwrap();
    let opened = openings(bastion, raw).await;
    assert!(refused > 0, "no race was seen");
    assert_eq!(read, opened.iter().filter(|path| path.ends_with("secret/a")).count(), "{opened:?}");
}

/// The paths of all files that were opened, as they were judged.
async fn openings(mut bastion: Bastion, raw: Raw) -> Vec<String> {
    raw.finish().await;
    bastion.stop().await;
    let events = bastion.frames().into_iter().filter_map(|frame| frame.event());
    events
        .filter_map(|event| match event {
            access::recording::SessionEvent::FileOpened { path, .. } => Some(path),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_policy_forbids_is_renamed_over_or_linked() {
    let rule = r#"
        @id("nothing-but-looking")
        forbid (principal, action in Action::"files", resource)
        when { action != Action::"list-files" && action != Action::"read-file" };
    "#;
    let bastion = Bastion::start_under(rule, |_| ()).await;
    let dir = bastion.dir.path().join("data");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("a"), "a").unwrap();
    let at = |name: &str| string(dir.join(name).display().to_string());
    let mut raw = Raw::open(&bastion, &bastion.web()).await;
    let extended = |name: &str, fields: Vec<u8>| (200u8, [string(name), fields].concat());
    let size_zero = [1u32.to_be_bytes().to_vec(), vec![0; 8]].concat();
    for (kind, fields) in [
        (13, at("a")),
        (18, [at("a"), at("b")].concat()),
        (20, [at("a"), at("b")].concat()),
        (14, [at("b"), vec![0; 4]].concat()),
        (9, [at("a"), size_zero.clone()].concat()),
        (3, [at("b"), (WRITE | CREATE).to_be_bytes().to_vec(), vec![0; 4]].concat()),
        extended("posix-rename@openssh.com", [at("a"), at("b")].concat()),
        extended("hardlink@openssh.com", [at("a"), at("b")].concat()),
        extended("lsetstat@openssh.com", [at("a"), 4u32.to_be_bytes().to_vec(), vec![0; 4]].concat()),
    ] {
        let reply = raw.ask(kind, &fields).await;
        assert_eq!(reply.code(), PERMISSION_DENIED, "{kind} {reply:?}");
    }
    let handle = raw.open_file(&dir.join("a").display().to_string(), READ).await.string();
    let reply = raw.ask(10, &[string(&handle), size_zero].concat()).await;
    assert_eq!(reply.code(), PERMISSION_DENIED);
    assert_eq!(fs::read_to_string(dir.join("a")).unwrap(), "a");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
}
