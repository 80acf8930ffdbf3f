//! The courier: order, patience, restarts, and receivers that keep others waiting.

use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::format::Format;
use notify::{Address, Courier, Hook, Outbox, Receiver, Secret};

use crate::memory::{Memory, eventually, receiver};
use crate::web_server::{Reply, WebServer};

const BUSY: Reply = Reply::Says(503, "", "");

fn to(name: &str, url: &str) -> Receiver {
    let address = Address::parse(url).unwrap();
    receiver(name, Hook::new(Format::Json, address, Some(Secret::new("s")), None).unwrap())
}

fn start(outbox: &Arc<Memory>, receivers: Vec<Receiver>) -> Courier {
    let outbox: Arc<dyn Outbox> = outbox.clone();
    Courier::start(receivers, &outbox).unwrap()
}

#[test]
fn notices_arrive_in_order_also_when_the_receiver_was_away() {
    let (outbox, server) = (Memory::new(), WebServer::start(&[BUSY, BUSY]));
    for request in 1..=5 {
        outbox.post("leads", request);
    }
    let courier = start(&outbox, vec![to("leads", &server.url())]);
    eventually("delivered", || outbox.waiting().is_empty());
    assert_eq!(server.told(), [1, 1, 1, 2, 3, 4, 5], "the same number each time");
    courier.stop();
}

#[test]
fn a_receiver_that_hangs_delays_nobody_else_and_no_stop() {
    let (outbox, slow, quick) = (Memory::new(), WebServer::start(&[Reply::Hangs]), WebServer::start(&[]));
    let courier = start(&outbox, vec![to("slow", &slow.url()), to("quick", &quick.url())]);
    outbox.post("slow", 1);
    eventually("the slow one was asked", || slow.asked().len() == 1);
    let began = Instant::now();
    outbox.post("quick", 2);
    eventually("the quick one was told", || quick.told() == [2]);
    assert!(began.elapsed() < Duration::from_secs(3));
    let began = Instant::now();
    courier.stop();
    assert!(began.elapsed() < Duration::from_secs(3));
    assert_eq!(outbox.waiting(), [1], "still there for the next start");
}

#[test]
fn what_was_not_delivered_is_delivered_after_a_restart() {
    let (outbox, free) = (Memory::new(), std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let at = free.local_addr().unwrap();
    drop(free);
    let url = format!("http://{at}/hook");
    for request in [1, 2] {
        outbox.post("leads", request);
    }
    let courier = start(&outbox, vec![to("leads", &url)]);
    std::thread::sleep(Duration::from_millis(700));
    courier.stop();
    assert_eq!(outbox.waiting(), [1, 2]);
    let server = WebServer::on(at, &[], None);
    let courier = start(&outbox, vec![to("leads", &url)]);
    eventually("delivered", || outbox.waiting().is_empty());
    assert_eq!(server.told(), [1, 2]);
    courier.stop();
}

#[test]
fn two_couriers_over_one_outbox_deliver_each_notice_once_and_in_order() {
    let (outbox, server) = (Memory::new(), WebServer::start(&[]));
    let couriers = [0, 1].map(|_| start(&outbox, vec![to("leads", &server.url())]));
    for request in 1..=20 {
        outbox.post("leads", request);
    }
    eventually("delivered", || outbox.waiting().is_empty());
    assert_eq!(server.told(), (1..=20).collect::<Vec<_>>());
    couriers.into_iter().for_each(Courier::stop);
}

#[test]
fn a_notice_that_is_refused_is_set_aside_for_those_behind_it() {
    let (outbox, server) = (Memory::new(), WebServer::start(&[Reply::Says(400, "", "")]));
    for request in [1, 2, 3] {
        outbox.post("leads", request);
    }
    let courier = start(&outbox, vec![to("leads", &server.url())]);
    eventually("the others were told", || server.told() == [1, 2, 3]);
    eventually("only the refused one waits", || outbox.waiting() == [1]);
    outbox.advance(3600);
    eventually("it is tried again", || outbox.waiting().is_empty());
    assert_eq!(server.told(), [1, 2, 3, 1]);
    courier.stop();
}

#[test]
fn a_notice_is_given_up_after_seven_days_and_not_in_silence() {
    let (outbox, server) = (Memory::new(), WebServer::start(&[BUSY]));
    outbox.post("leads", 1);
    outbox.advance(7 * 24 * 3600 + 1);
    outbox.post("leads", 2);
    let courier = start(&outbox, vec![to("leads", &server.url())]);
    eventually("the next one is delivered", || outbox.waiting().is_empty());
    assert_eq!(outbox.given_up(), [(1, "it answered HTTP 503".to_owned())]);
    assert_eq!(server.told(), [1, 2]);
    courier.stop();
}

#[test]
fn a_receiver_that_asks_for_patience_gets_it() {
    let wait = Reply::Says(429, "Retry-After: 3\r\n", "");
    let (outbox, server) = (Memory::new(), WebServer::start(&[wait]));
    outbox.post("leads", 1);
    let (courier, began) = (start(&outbox, vec![to("leads", &server.url())]), Instant::now());
    eventually("delivered", || outbox.waiting().is_empty());
    assert!(began.elapsed() >= Duration::from_secs(3), "{:?}", began.elapsed());
    courier.stop();
}
