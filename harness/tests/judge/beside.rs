//! Two recordings side by side.

use mplab::compare::apart;
use mplab::recording::{Clockwork, EventRecord, MachineRecord};
use mplab::report::{self, Style};
use mplab::words::Time;

use crate::synthetic::{S, run};

fn event(at: u64, kind: &str, port: u64) -> EventRecord {
    EventRecord {
        at,
        kind: kind.into(),
        token: Some(port as u32),
        detail: format!("saddr4=10.0.2.1 daddr4=10.0.1.2 sport={port} dport=5001"),
    }
}

#[test]
fn the_same_run_comes_nowhere_apart() {
    assert_eq!(apart(&run(), &run()), []);
    let text = report::beside(["one", "other"], [&run(), &run()], Style::Plain);
    assert!(text.contains("no difference in time was found") && !text.contains("* "), "{text}");
}

#[test]
fn runs_come_apart_where_one_has_an_event_that_the_other_has_not() {
    let (mut one, mut other) = (run(), run());
    let events = |run: &mut mplab::recording::Recording, events| run.hosts.get_mut("laptop").unwrap().events = events;
    events(&mut one, vec![event(S, "sub-established", 1), event(12 * S, "sub-closed", 1)]);
    events(&mut other, vec![event(S + 100_000, "sub-established", 2)]);
    let found = apart(&one, &other);
    let [only] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(only.what, "laptop: sub-closed 10.0.2.1 to 10.0.1.2");
    assert_eq!((only.at, only.one.as_str(), only.other.as_str()), (Time::from_millis(12_000), "at 12s", "never"));
    let text = report::beside(["one", "other"], [&one, &other], Style::Plain);
    assert!(text.contains("*  laptop: sub-closed") && text.contains("   laptop: sub-established"), "{text}");
}

#[test]
fn runs_come_apart_where_an_interface_carries_less() {
    let (one, mut other) = (run(), run());
    let laptop = other.hosts.get_mut("laptop").unwrap();
    let stops = laptop.at.partition_point(|at| *at < 25 * S);
    let bytes = &mut laptop.interfaces.get_mut("wlan0").unwrap().rx_bytes;
    let last = bytes[stops];
    bytes[stops..].fill(last);
    let found = apart(&one, &other);
    assert_eq!(found[0].at, Time::from_millis(25_000));
    assert!(found[0].what.starts_with("laptop:wlan0: bytes in 25s.."), "{found:?}");
}

/// In virtual time the first value that differs says where to look.
#[test]
fn runs_in_virtual_time_come_apart_at_the_first_value() {
    let machine = MachineRecord {
        emulator: "QEMU".into(),
        acceleration: mplab::recording::Acceleration::Tcg,
        clock: Clockwork::Virtual { shift: 1 },
        kernel_line: String::new(),
    };
    let (mut one, mut other) = (run(), run());
    for run in [&mut one, &mut other] {
        run.place.machine = Some(machine.clone());
    }
    other.hosts.get_mut("laptop").unwrap().subflows[1].cwnd[5] += 1;
    let found = apart(&one, &other);
    assert_eq!((found.len(), found[0].at), (1, Time::from_micros(one.hosts["laptop"].subflows[1].at[5])));
    assert!(found[0].what.contains("cwnd of subflow 2 (10.0.2.1:40001)"), "{found:?}");
}
