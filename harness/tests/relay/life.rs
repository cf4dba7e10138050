//! What may happen to a relay while it works: other conditions, black holes, links that go down, many links; and what it says of mistakes.
//! Not here: what the conditions are.

use std::sync::Arc;

use mplab::case::Transfer;
use mplab::clock::Clock;
use mplab::kernel::{Batch, Namespace, Netlink, link};
use mplab::relay::{Direction, Relay, RelayError, RelayLink, Shape};
use mplab::words::{Rate, Time};

use crate::lab::{DEADLINE, Lab, WIRE, await_accounts, up, upload, wait_until};

pub(crate) fn conditions_change_while_it_runs(lab: &Lab) {
    let slow = Shape { rate: Some(Rate(1_000_000)), ..Shape::default() };
    let relay = lab.relay(slow, Shape::default());
    let (running, ended) = lab.start(&upload(20_000_000));
    wait_until("something arrives", || running.progress().up > 0);
    // At 1 Mbit/s it would take more than two minutes.
    relay.reshape("link", Direction::Up, Shape { delay: Time::from_millis(1), ..Shape::default() }).unwrap();
    wait_until("more arrives", || running.progress().up > 2_000_000);
    relay.reshape("link", Direction::Up, Shape::default()).unwrap();
    ended.recv_timeout(DEADLINE).expect("the transfer ends by itself");
    assert!(running.stop().connections[0].up.as_ref().unwrap().intact());
    await_accounts(&relay);
}

pub(crate) fn a_black_hole_swallows_one_way(lab: &Lab) {
    let relay = lab.relay(Shape::default(), Shape::default());
    let [client, server] = lab.datagrams();
    relay.blackhole("link", Direction::Up, true).unwrap();
    for _ in 0..10 {
        client.send(b"nobody hears").unwrap();
        server.send(b"but I am heard").unwrap();
        client.recv(&mut [0; 64]).unwrap();
    }
    wait_until("ten are gone", || up(&relay).dropped.blackhole >= 10);
    relay.blackhole("link", Direction::Up, false).unwrap();
    client.send(b"heard").unwrap();
    let mut heard = [0; 64];
    let length = server.recv(&mut heard).unwrap();
    assert_eq!(&heard[..length], b"heard");
}

/// The limit of a lab: fifty shaped links, one thread.
pub(crate) fn fifty_links_are_carried(lab: &Lab) {
    let far = Namespace::new().unwrap();
    let mut links = vec![];
    for number in 0..50 {
        let mut batch = Batch::default();
        let [a, b] = [0, 1].map(|end| 2000 + number * 2 + end);
        for index in [a, b] {
            let name = format!("wire{index}");
            let (here, there) = (link::NewEnd { name: &name, index }, link::NewEnd { name: &name, index: index + 1000 });
            link::veth(&mut batch, &here, true, &far, &there, [1500; 2]);
        }
        Netlink::new(Arc::clone(&lab.wires)).send(&batch).unwrap();
        let shape = Shape { rate: Some(Rate(10_000_000)), delay: Time::from_millis(10), ..Shape::default() };
        links.push(RelayLink { name: format!("link{number}"), a, b, up: shape.clone(), down: shape, seed: number as u64 });
    }
    links.push(RelayLink { name: "link".into(), a: WIRE[0], b: WIRE[1], up: Shape::default(), down: Shape::default(), seed: 0 });
    let relay = Relay::start(&lab.wires, links, Clock::start()).unwrap();
    lab.run(&upload(1_000_000));
    assert!(up(&relay).packets > 690);
    assert_eq!(relay.seen("link49", Direction::Down).unwrap().counts.packets, 0);
}

pub(crate) fn a_link_that_goes_down_comes_back(lab: &Lab) {
    let relay = lab.relay(Shape { delay: Time::from_millis(3), ..Shape::default() }, Shape::default());
    let (running, ended) = lab.start(&Transfer { rate: Some(Rate(40_000_000)), ..upload(5_000_000) });
    for end in [0, 1] {
        let before = running.progress().up;
        wait_until("something arrives", || running.progress().up > before);
        lab.set_up(end, false);
        lab.set_up(end, true);
        lab.await_carriers();
    }
    ended.recv_timeout(DEADLINE).expect("the transfer ends by itself");
    assert!(running.stop().connections[0].up.as_ref().unwrap().intact());
    assert!(relay.seen("link", Direction::Down).is_ok());
}

pub(crate) fn what_is_wrong_is_said(lab: &Lab) {
    let relay = lab.relay(Shape::default(), Shape::default());
    assert_eq!(relay.seen("lnik", Direction::Up).unwrap_err().to_string(), "the relay has no link `lnik`");
    let links = vec![RelayLink { name: "gone".into(), a: 77, b: WIRE[0], up: Shape::default(), down: Shape::default(), seed: 0 }];
    let error = Relay::start(&lab.wires, links, Clock::start()).unwrap_err();
    assert!(matches!(error, RelayError::Start { .. }));
    assert_eq!(error.to_string(), "failed to start the relay: opening interface 77 of link `gone`: No such device (os error 19)");
}
