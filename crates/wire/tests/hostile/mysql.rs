//! Both sides of a MySQL connection say anything, and everything is refused: no command that runs something reaches the server.

use wire::Error;
use wire::mysql::{
    Account, Act, Admission, Channel, Command, Decoder, Failure, Handling, Joining, Next, Output, Session,
    capability,
};
use zeroize::Zeroizing;

use super::steps::steps;

const LIMIT: usize = 1000;

struct Between {
    session: Session,
    client: Decoder,
    server: Decoder,
    held: Option<Act>,
}

/// A session from its first byte behind the login.
pub fn session(data: &[u8]) {
    let Some((capabilities, data)) = data.split_first_chunk() else { return };
    let mut between = Between {
        session: Session::new(u64::from_le_bytes(*capabilities) & capability::SPOKEN),
        client: Decoder::new(LIMIT),
        server: Decoder::new(LIMIT),
        held: None,
    };
    for step in steps(data) {
        let done = match step.kind % 4 {
            0 | 1 => between.client_says(step.bytes),
            2 => between.server_says(step.bytes),
            _ => between.refuse(),
        };
        // Nonsense ends a connection.
        if done.is_err() {
            return;
        }
    }
}

impl Between {
    fn client_says(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.client.feed(bytes);
        while self.session.wants_client()
            && let Some(packet) = self.client.packet()?
        {
            self.session.client(&packet)?;
            self.look();
        }
        Ok(())
    }

    fn server_says(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.server.feed(bytes);
        while let Some(packet) = self.server.packet()? {
            self.session.server(&packet)?;
            self.look();
        }
        assert!(self.server.buffer().len() <= 2 * LIMIT, "no more is kept than one packet");
        Ok(())
    }

    fn refuse(&mut self) -> Result<(), Error> {
        let Some(act) = self.held.take() else { return Ok(()) };
        let failure = Failure { code: 1142, state: "42000".to_owned(), message: "no".to_owned() };
        self.session.refuse(act.id, &failure)?;
        self.look();
        Ok(())
    }

    fn look(&mut self) {
        while let Some(output) = self.session.output() {
            match output {
                Output::Judge(act) => assert!(self.held.replace(act).is_none(), "one verdict at a time"),
                Output::ToServer(bytes) => {
                    let mut decoder = Decoder::new(1 << 24);
                    decoder.feed(&bytes);
                    let packet = decoder.packet().expect("well formed").expect("whole");
                    let command = Command::parse(packet.payload()).expect("a command");
                    assert_eq!(command.handling(), Handling::Pass, "{command:?}, which nobody allowed");
                }
                _ => {}
            }
        }
    }
}

/// What a client begins with, in front of TLS and inside.
pub fn arrival(data: &[u8]) {
    let (mut admission, _) = Admission::begin("8.0.36", 7, [1; 20]);
    let mut decoder = Decoder::new(LIMIT);
    for step in steps(data) {
        if step.kind % 4 == 3 {
            let _ = admission.ask();
        }
        decoder.feed(step.bytes);
        while let Ok(Some(packet)) = decoder.packet() {
            if admission.packet(&packet).is_err() {
                return;
            }
        }
    }
}

/// What a server begins with. Without TLS it learns no password, whatever it asks for.
pub fn joining(data: &[u8]) {
    const PASSWORD: &str = "s3cret-of-the-gateway";
    let account = Account {
        user: "app".to_owned(),
        password: Zeroizing::new(PASSWORD.to_owned()),
        database: None,
        capabilities: capability::SPOKEN,
        character_set: 45,
    };
    let mut joining = Joining::new(account, Channel::Clear(None));
    let mut decoder = Decoder::new(LIMIT);
    decoder.feed(data);
    while let Ok(Some(packet)) = decoder.packet() {
        match joining.packet(&packet) {
            Ok(Next::Send(bytes) | Next::Tls(bytes)) => {
                let told = bytes.windows(PASSWORD.len()).any(|bytes| bytes == PASSWORD.as_bytes());
                assert!(!told, "the password in clear");
            }
            Ok(Next::Wait | Next::Joined(_) | Next::Failed(_)) => {}
            Err(_) => return,
        }
    }
}
