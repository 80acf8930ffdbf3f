//! What a client may open besides sessions: a connection to a target inside its own, and forwardings.

use access::Forwarding;
use access::identity::{TargetName, VerifiedIdentity};
use access::policy::Destination;
use russh::Channel;
use russh::server::{ChannelOpenHandle, Handle, Msg};

use super::client_outlet::ClientOutlet;
use super::door::{Door, reject};
use super::forward::{self, Wanted};
use super::forward_outlet::ForwardOutlet;
use super::login::Guest;
use super::{forward_wanted, jump};

impl Door {
    /// Hands a forwarding to a task of its own, which answers for it.
    pub(super) fn forward(&mut self, channel: Channel<Msg>, wanted: Wanted, reply: ChannelOpenHandle) {
        let (number, feed) = (channel.id().number(), self.add_feed(channel.id()));
        feed.take_no_requests();
        let (_, write) = channel.split();
        let near = ForwardOutlet::new(write, self.connection.brake.clone());
        self.connection.run(forward::run(self.connection.clone(), feed, near, number, wanted, reply));
    }

    /// Serves a connection to a target inside this one, if that is what the name is.
    pub(super) async fn jump(
        &mut self,
        channel: Channel<Msg>,
        who: VerifiedIdentity,
        host: &str,
        reply: ChannelOpenHandle,
        handle: Handle,
    ) {
        let Ok(target) = TargetName::parse(host) else {
            return self.reject(reply, "a jump to anything but a target's name", host).await;
        };
        let feed = self.add_feed(channel.id());
        let (_, write) = channel.split();
        let outlet = ClientOutlet::new(write, handle, self.connection.clone());
        let connection = self.connection.clone();
        self.connection.run(async move {
            // Asked here, not in the session loop; and before the authority signs for that name.
            if connection.road.may_reach(&who, target.as_str()).await {
                reply.accept().await;
                jump::run(connection, who, target, feed, outlet).await;
            } else {
                reject(&connection, reply, "a jump to anything but a target of yours", target.as_str()).await;
            }
        });
    }

    /// Something on the connection, not on a channel; the answer is no already.
    pub(super) fn refuse_remote(&self, host: &str, port: u16) {
        match self.connection.guest() {
            Some(Guest::Traveller { .. }) => {
                let to = Destination { host: host.to_owned(), port };
                forward_wanted::judge_later(&self.connection, Forwarding::Remote(to));
            }
            _ => self.connection.note_refusal("remote forwarding", &format!("{host}:{port}")),
        }
    }
}
