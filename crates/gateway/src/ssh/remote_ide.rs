//! Recognises how remote IDEs begin, to refuse them in words that help. It changes the words, never the verdict.

/// What stands in the commands of Visual Studio Code and its relatives, JetBrains Gateway, Zed and their servers.
const MARKS: [&str; 14] = [
    ".vscode-server",
    ".vscodium-server",
    ".cursor-server",
    ".windsurf-server",
    ".zed_server",
    "zed-remote-server",
    "VSCODE_AGENT_FOLDER",
    "code-server",
    "vscode-remote",
    "remote-dev-server",
    "JetBrains/RemoteDev",
    "jetbrains-gateway",
    "code-tunnel",
    "remote-dev-worker",
];

/// Shells that such clients start to send them a script: `ssh -T -D PORT host bash`.
const SHELLS: [&str; 5] = ["sh", "bash", "zsh", "dash", "ksh"];

/// Options that change nothing about where a shell reads its commands: from standard input.
const PLAIN: [&str; 5] = ["-s", "-l", "--login", "--noprofile", "--norc"];

/// Whether a command looks like the first one of a remote IDE, or starts a shell that reads standard input.
pub(crate) fn begins_with(command: &[u8]) -> bool {
    let Ok(command) = std::str::from_utf8(command) else { return false };
    let mut words = command.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    let shell = SHELLS.contains(&first.rsplit('/').next().unwrap_or(first));
    shell && words.all(|word| PLAIN.contains(&word)) || MARKS.iter().any(|mark| command.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_commands_of_known_clients_are_recognised() {
        for command in [
            "bash",
            "sh",
            "/bin/sh",
            "bash --login",
            "bash -s",
            "sh -c 'mkdir -p ~/.zed_server'",
            "~/.vscode-server/bin/0123/bin/code-server --start-server --host=127.0.0.1 --port=0",
            "sh -c 'VSCODE_AGENT_FOLDER=$HOME/.vscode-server; ls'",
            "$HOME/.cache/JetBrains/RemoteDev/dist/x/bin/remote-dev-server.sh run /srv",
        ] {
            assert!(begins_with(command.as_bytes()), "{command}");
        }
    }

    #[test]
    fn ordinary_commands_are_not() {
        for command in ["ls", "bash -c ls", "bash deploy.sh", "cat sh", "shutdown", "", "uname -rsv"] {
            assert!(!begins_with(command.as_bytes()), "{command}");
        }
        assert!(!begins_with(b"\xff"));
    }
}
