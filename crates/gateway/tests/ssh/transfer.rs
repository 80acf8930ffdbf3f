//! Bytes arrive complete and unchanged, both ways, together with the last status.

use super::bastion::{Bastion, output, piped, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_runs_and_its_streams_stay_apart() {
    let bastion = Bastion::start().await;
    let out = bastion.run("echo out; echo err >&2; exit 3").await;
    assert_eq!((text(&out.stdout), out.status.code()), ("out\n".into(), Some(3)));
    assert_eq!(text(&out.stderr), "err\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_mebibytes_go_through_cat_and_come_back() {
    let bastion = Bastion::start().await;
    let ssh = bastion.ssh(&bastion.web());
    let out = output(&mut piped("head -c 200M /dev/zero | \"$@\" cat | wc -c", &ssh)).await;
    assert_eq!(text(&out.stdout).trim(), "209715200", "{}", text(&out.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_mebibytes_arrive_each_way() {
    let bastion = Bastion::start().await;
    let ssh = bastion.ssh(&bastion.web());
    let up = output(&mut piped("head -c 200M /dev/zero | \"$@\" 'wc -c'", &ssh)).await;
    assert_eq!(text(&up.stdout).trim(), "209715200", "{}", text(&up.stderr));
    let down = output(&mut piped("\"$@\" 'head -c 200M /dev/zero' | wc -c", &ssh)).await;
    assert_eq!(text(&down.stdout).trim(), "209715200", "{}", text(&down.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn random_bytes_arrive_unchanged() {
    let bastion = Bastion::start().await;
    let ssh = bastion.ssh(&bastion.web());
    let script = "head -c 20M /dev/urandom > $TMP; sha256sum < $TMP; for i in 1 2 3; do \"$@\" sha256sum < $TMP; done; \
                  \"$@\" cat < $TMP | sha256sum";
    let file = bastion.dir.path().join("random");
    let out = output(piped(script, &ssh).env("TMP", &file)).await;
    let sums: Vec<_> = text(&out.stdout).lines().map(str::to_owned).collect();
    assert_eq!(sums.len(), 5, "{}", text(&out.stderr));
    assert!(sums.iter().all(|sum| sum == &sums[0]), "{sums:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn scp_sftp_and_rsync_copy_both_ways() {
    let bastion = Bastion::start().await;
    let dir = bastion.dir.path();
    let (near, far, back) = (dir.join("near"), dir.join("far"), dir.join("back"));
    std::fs::write(&near, vec![0xa5; 3_000_000]).unwrap();
    let place = |path: &std::path::Path| format!("{}@127.0.0.1:{}", bastion.web(), path.display());
    for legacy in [false, true] {
        for (from, to) in
            [(near.display().to_string(), place(&far)), (place(&far), back.display().to_string())]
        {
            let mut scp = bastion.client("scp", "alice");
            scp.args(["-P", &bastion.port.to_string()]).args(legacy.then_some("-O")).args([from, to]);
            let out = output(&mut scp).await;
            assert!(out.status.success(), "{}", text(&out.stderr));
        }
        assert_eq!(std::fs::read(&back).unwrap(), std::fs::read(&near).unwrap());
        std::fs::remove_file(&back).unwrap();
    }
    let shell = bastion.client("ssh", "alice");
    let shell = shell.as_std();
    let words: Vec<_> = shell.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut rsync = tokio::process::Command::new("rsync");
    rsync.args(["-e", &format!("ssh -p {} {}", bastion.port, words.join(" "))]);
    rsync.args([place(&far), back.display().to_string()]);
    let out = output(&mut rsync).await;
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert_eq!(std::fs::read(&back).unwrap(), std::fs::read(&near).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_exchanged_anew_without_losing_a_byte() {
    let bastion = Bastion::start_with(|options| options.rekey_bytes = 3 << 20).await;
    let mut ssh = bastion.client("ssh", "alice");
    ssh.args(["-o", "RekeyLimit=1M", "-p", &bastion.port.to_string(), "-l", &bastion.web(), "127.0.0.1"]);
    let out = output(&mut piped("head -c 50M /dev/zero | \"$@\" cat | wc -c", &ssh)).await;
    assert_eq!(text(&out.stdout).trim(), "52428800", "{}", text(&out.stderr));
}
