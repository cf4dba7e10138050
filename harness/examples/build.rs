use mplab::plan::*;
use mplab::topology::*;
use mplab::words::*;
use std::collections::BTreeMap;
fn main() {
    let n: usize = std::env::args().nth(1).map_or(3, |s| s.parse().unwrap());
    let fwd = if std::env::args().nth(2).is_some() { Forwarding::Bridge } else { Forwarding::Redirect };
    let shaped = std::env::args().nth(3).is_none();
    let mut hosts = BTreeMap::new();
    let mut links = BTreeMap::new();
    for (h, host) in ["guest1", "guest2"].into_iter().enumerate() {
        let interfaces = (1..=n)
            .map(|k| {
                (
                    format!("enp{k}s0"),
                    Interface {
                        link: format!("enp{k}s0"),
                        addresses: vec![
                            format!("10.{}.{}.{}/24", k / 250, k % 250, h + 1).parse().unwrap(),
                            format!("fd00:0:0:{k:x}::{}/64", h + 1).parse().unwrap(),
                        ],
                    },
                )
            })
            .collect();
        let mut mptcp = Mptcp::default();
        mptcp.subflows = Some(2);
        if h == 1 {
            mptcp.add_addr_accepted = Some(2);
        } else {
            mptcp.endpoints = [1usize, 3]
                .into_iter()
                .map(|k| Endpoint {
                    address: format!("10.0.{k}.1").parse().unwrap(),
                    interface: Some(format!("enp{k}s0")),
                    flags: vec![EndpointFlag::Signal],
                    id: None,
                    port: None,
                })
                .collect();
        }
        hosts.insert(host.to_string(), Host { forward: false, interfaces, sysctls: BTreeMap::new(), routes: vec![], mptcp });
    }
    for k in 1..=n {
        links.insert(
            format!("enp{k}s0"),
            Link {
                ends: [End::new("guest1", format!("enp{k}s0")), End::new("guest2", format!("enp{k}s0"))],
                mtu: 1500,
                rate: shaped.then_some(Rate(100_000_000)),
                limit: None,
                delay: None,
                jitter: None,
                loss: None,
            },
        );
    }
    let t = Topology { summary: "x".into(), hosts, links };
    let ops = lab(&t, fwd);
    if n < 10 {
        print!("{}", script(&ops));
    }
    for _ in 0..if n < 10 { 8 } else { 2 } {
        let t0 = std::time::Instant::now();
        let l = mplab::lab::Lab::default();
        let mut l = l;
        l.apply(&ops).unwrap();
        let t1 = t0.elapsed();
        l.verify(&ops).unwrap();
        println!("applied {t1:?} verified {:?} ops {}", t0.elapsed(), ops.len());
        drop(l);
        std::thread::sleep(std::time::Duration::from_millis(200 + n as u64));
    }
    let t0 = std::time::Instant::now();
    let _l = mplab::lab::Lab::build(&ops).unwrap();
    println!("built {:?}", t0.elapsed());
}
