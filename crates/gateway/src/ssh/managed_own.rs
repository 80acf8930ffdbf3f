//! The shell's own words, carried out: directory, variables, mask, help, `why`, `request`, `run`.

use access::policy::FileOperation;
use access::text;
use aws_lc_rs::digest::{SHA256, digest};

use super::channel::Exit;
use super::managed::{Next, Shell};
use super::managed_query::{Answer, PATIENT};
use crate::managed::{Cd, Own, Unkept, copy, quoted};

/// Longest script that `run` takes, in bytes.
const LONGEST_SCRIPT: usize = 64 * 1024;

impl Shell<'_> {
    pub(crate) async fn own(&mut self, own: Own) -> Result<Next, Exit> {
        match own {
            Own::Cd(to) => self.cd(to).await,
            Own::Export(bindings) => self.export(bindings).await,
            Own::Assign(pairs) => self.assign(pairs).await,
            Own::Unset(names) => {
                names.iter().for_each(|name| self.state.unset(name));
                self.done()
            }
            Own::Umask(mask) => self.umask(mask).await,
            Own::Exit(status) => {
                self.state.status = status.unwrap_or(self.state.status);
                Ok(Next::Leave)
            }
            Own::Help => self.tell_done(&text::SHELL_HELP, &[]).await,
            Own::Why => self.why().await,
            Own::Request => self.request().await,
            Own::History => self.history().await,
            Own::Run(file) => self.run_script(&file).await,
            Own::Refused(line) => {
                let told = self.words(line, &[]);
                self.fail(&told).await
            }
            Own::Usage(usage) => {
                let told = self.words(&text::DESK_USAGE, &[("usage", usage)]);
                self.fail(&told).await
            }
            Own::Unknown(name) => {
                let told = self.words(&text::SHELL_UNKNOWN_VARIABLE, &[("name", &name)]);
                self.fail(&told).await
            }
        }
    }

    /// Asks where a login begins. Without an answer the shell begins there all the same, not knowing its name.
    pub(crate) async fn learn_directory(&mut self) -> Result<(), Exit> {
        let here = FileOperation::List { path: ".".into() };
        if let Answer::Yes(output) = self.ask(here, "pwd -P".into(), PATIENT).await?
            && let Some(directory) = directory_in(&output)
        {
            self.state.login = Some(directory.clone());
            self.state.enter(directory);
        }
        Ok(())
    }

    async fn cd(&mut self, to: Cd) -> Result<Next, Exit> {
        let path = match to {
            Cd::Home => self.state.login.clone(),
            Cd::Previous => self.state.previous.clone(),
            Cd::BelowHome(below) => self.state.login.as_ref().map(|home| format!("{home}/{below}")),
            Cd::To(path) => Some(self.state.absolute(&path)),
        };
        let Some(path) = path else {
            let told = self.words(&text::SHELL_NO_DIRECTORY, &[]);
            return self.fail(&told).await;
        };
        let command = format!("cd -- {} && pwd -P", quoted(&path));
        let answer = self.ask(FileOperation::List { path: path.clone() }, command, PATIENT).await?;
        let shown = [("path", path.as_str())];
        let told = match answer {
            Answer::Yes(output) => match directory_in(&output) {
                Some(directory) => {
                    self.state.enter(directory);
                    return self.done();
                }
                None => self.words(&text::SHELL_CD_UNREADABLE, &shown),
            },
            Answer::No => self.words(&text::SHELL_CD_FAILED, &shown),
            Answer::Silent => self.words(&text::SHELL_NO_ANSWER, &[]),
            Answer::Refused(told) => told,
        };
        self.fail(&told).await
    }

    async fn export(&mut self, bindings: Vec<(String, Option<String>)>) -> Result<Next, Exit> {
        if bindings.is_empty() {
            let exported = &self.state.exported;
            let list: String =
                exported.iter().map(|(name, value)| format!("{name}={}\n", quoted(value))).collect();
            self.print(&list).await?;
        }
        for (name, value) in bindings {
            let value = value.or_else(|| self.state.value(&name)).unwrap_or_default();
            if let Err(why) = self.state.export(&name, &value) {
                return self.unkept(&name, why).await;
            }
        }
        self.done()
    }

    async fn assign(&mut self, pairs: Vec<(String, String)>) -> Result<Next, Exit> {
        for (name, value) in pairs {
            if let Err(why) = self.state.assign(&name, &value) {
                return self.unkept(&name, why).await;
            }
        }
        self.done()
    }

    async fn unkept(&mut self, name: &str, why: Unkept) -> Result<Next, Exit> {
        let line = match why {
            Unkept::Harmful => &text::SHELL_NOT_EXPORTED,
            Unkept::Value => &text::SHELL_NOT_KEPT,
        };
        let told = self.words(line, &[("name", name)]);
        self.fail(&told).await
    }

    async fn umask(&mut self, mask: Option<u32>) -> Result<Next, Exit> {
        match (mask, self.state.umask) {
            (Some(mask), _) => self.state.umask = Some(mask),
            (None, Some(mask)) => self.print(&format!("{mask:04o}\n")).await?,
            (None, None) => return self.judge("umask").await,
        }
        self.done()
    }

    async fn why(&mut self) -> Result<Next, Exit> {
        let Some(last) = &self.last else { return self.tell_done(&text::SHELL_NOTHING_JUDGED, &[]).await };
        let shown = format!("{}\n{}: {}\n{}", last.text, last.word, last.told, last.tree);
        self.print(&(shown.trim_end().to_owned() + "\n")).await?;
        self.done()
    }

    async fn request(&mut self) -> Result<Next, Exit> {
        if let Some(last) = self.last.as_ref().filter(|last| last.word == "hold") {
            let told = last.told.clone();
            self.print(&(told + "\n")).await?;
        }
        self.tell_done(&text::SHELL_REQUEST, &[]).await
    }

    async fn history(&mut self) -> Result<Next, Exit> {
        let lines = copy(&self.history);
        let list: String =
            lines.iter().enumerate().map(|(at, line)| format!("{:5}  {line}\n", at + 1)).collect();
        self.print(&list).await?;
        self.done()
    }

    /// What runs is the text that was read, analysed and judged here; the file is not looked at again.
    async fn run_script(&mut self, file: &str) -> Result<Next, Exit> {
        let path = self.state.absolute(file);
        let answer = self.read_file(&path).await?;
        let shown = [("path", path.as_str())];
        let script = match answer {
            Answer::Yes(script) if script.len() <= LONGEST_SCRIPT => script,
            Answer::Yes(_) => return self.fail_with(&text::SHELL_SCRIPT_LONG, &shown).await,
            Answer::No => return self.fail_with(&text::SHELL_SCRIPT_UNREADABLE, &shown).await,
            Answer::Silent => return self.fail_with(&text::SHELL_NO_ANSWER, &[]).await,
            Answer::Refused(told) => return self.fail(&told).await,
        };
        let hash: String =
            digest(&SHA256, script.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect();
        self.show(&text::SHELL_SCRIPT, &[("path", &path), ("hash", &hash)]).await?;
        self.judge(script.trim_end_matches('\n')).await
    }

    async fn tell_done(&mut self, line: &text::Line, values: &[(&str, &str)]) -> Result<Next, Exit> {
        self.show(line, values).await?;
        self.done()
    }

    fn done(&mut self) -> Result<Next, Exit> {
        self.state.status = 0;
        Ok(Next::Go)
    }

    async fn fail_with(&mut self, line: &text::Line, values: &[(&str, &str)]) -> Result<Next, Exit> {
        let told = self.words(line, values);
        self.fail(&told).await
    }

    async fn fail(&mut self, told: &str) -> Result<Next, Exit> {
        self.print(&format!("{told}\n")).await?;
        self.state.status = 1;
        Ok(if self.pty.is_some() { Next::Stop } else { Next::Leave })
    }
}

/// The last line of the answer, if it is the name of a directory in which nothing hides. What start-up files print may
/// stand before it, but no second path: that would be the beginning of a name with a line break in it.
fn directory_in(output: &str) -> Option<String> {
    let output = output.strip_suffix('\n')?;
    let directory = output.rsplit('\n').next()?;
    if output.split('\n').filter(|row| row.starts_with('/')).count() > 1 {
        return None;
    }
    let plain = directory.starts_with('/') && directory.chars().all(crate::managed::is_plain);
    plain.then(|| directory.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_an_absolute_path_in_which_nothing_hides() {
        assert_eq!(directory_in("/srv/my app\n").as_deref(), Some("/srv/my app"));
        assert_eq!(directory_in("welcome\n/srv\n").as_deref(), Some("/srv"));
        for output in ["", "/srv", "srv\n", "/a\u{1b}[2J\n", "/a\u{202e}\n", "/a\u{fffd}\n", "/srv/n\n/etc\n"]
        {
            assert_eq!(directory_in(output), None, "{output:?}");
        }
    }
}
