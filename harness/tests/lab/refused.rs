//! What the kernel refuses is told by its line and in the kernel's words, and nothing of the lab is left.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::thread;

use libtest_mimic::{Failed, Trial};
use mplab::lab::{Lab, LabError};
use mplab::plan::{self, Act, Forwarding, HostAct, MptcpAct, Op, RouteAct};
use mplab::words::{EndpointFlag, Feature};
use nix::sched::{CloneFlags, unshare};

use crate::support;

pub(crate) const TOPOLOGY: &str = r#"
    summary = "two hosts, a cable"
    [link]
    x = { ends = ["a:x", "b:x"] }
    [host.a.mptcp]
    limits = { subflows = 2 }
"#;

pub(crate) fn trials(missing: Option<String>, features: &BTreeSet<Feature>) -> Vec<Trial> {
    let endpoint = |address: [u8; 4]| {
        Act::from(MptcpAct::Endpoint { address: address.into(), dev: None, flags: vec![EndpointFlag::Subflow], id: None, port: None })
    };
    let limits = |subflows| Act::from(MptcpAct::Limits { subflows: Some(subflows), add_addr_accepted: None });
    let most_endpoints = most(features, |feature| if let Feature::Endpoints(most) = feature { Some(*most) } else { None });
    let highest_limit = most(features, |feature| if let Feature::Limits(most) = feature { Some(*most) } else { None });
    let refusals = [
        (
            "a_route_that_leads_nowhere",
            vec![
                RouteAct::Route {
                    to: "10.9.0.0/16".parse().unwrap(),
                    via: Some([192, 0, 2, 1].into()),
                    dev: None,
                    table: None,
                    onlink: false,
                }
                .into(),
            ],
            "ip -n a route replace 10.9.0.0/16 via 192.0.2.1".to_owned(),
            "Nexthop has invalid gateway",
        ),
        (
            "an_address_given_twice",
            vec![RouteAct::Address { dev: "x".into(), address: "10.0.1.1/24".parse().unwrap() }.into()],
            "ip -n a address add 10.0.1.1/24 dev x".to_owned(),
            "File exists",
        ),
        (
            "a_sysctl_that_is_not_there",
            vec![HostAct::Sysctl { key: "net.ipv4.conf.x.no_such_thing".into(), value: "1".into() }.into()],
            "ip netns exec a sysctl -q -w net.ipv4.conf.x.no_such_thing=1".to_owned(),
            "No such file or directory",
        ),
        (
            "one_endpoint_too_many",
            (0..=most_endpoints).map(|number| endpoint([10, 9, (number >> 8) as u8, number as u8])).collect(),
            format!("ip -n a mptcp endpoint add 10.9.{}.{} subflow", most_endpoints >> 8, most_endpoints & 0xff),
            "too many addresses",
        ),
        (
            "a_limit_too_high",
            vec![limits(highest_limit), limits(highest_limit + 1)],
            format!("ip -n a mptcp limits set subflows {}", highest_limit + 1),
            "limit greater than maximum",
        ),
        (
            "an_endpoint_added_twice",
            vec![endpoint([10, 0, 1, 1]), endpoint([10, 0, 1, 1])],
            "ip -n a mptcp endpoint add 10.0.1.1 subflow".to_owned(),
            "File exists",
        ),
    ];
    let trial = |(what, acts, line, words): (&str, Vec<Act>, String, &'static str)| {
        support::trial(&format!("{what}_is_refused_by_its_line"), missing.clone(), move || {
            thread::spawn(move || refused(acts, &line, words)).join().map_err(|_| "it panicked: see above")?
        })
    };
    refusals.into_iter().map(trial).collect()
}

/// The number that a kernel takes at most, as it was probed.
fn most(features: &BTreeSet<Feature>, number: fn(&Feature) -> Option<u32>) -> u32 {
    features.iter().find_map(number).unwrap_or(0)
}

/// The namespaces that this thread holds by a descriptor.
fn held() -> std::io::Result<usize> {
    let descriptors = fs::read_dir("/proc/thread-self/fd")?;
    let links = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    Ok(links.filter(|to| to.to_string_lossy().starts_with("net:[")).count())
}

fn refused(acts: Vec<Act>, line: &str, words: &str) -> Result<(), Failed> {
    // Descriptors of its own: those of other trials come and go meanwhile.
    unshare(CloneFlags::CLONE_FILES)?;
    let before = held()?;
    let mut setup = plan::lab(&crate::parse(TOPOLOGY), Forwarding::Redirect);
    // In the midst of others: after the interfaces' addresses, which share a system call.
    let next = 1 + setup
        .iter()
        .rposition(|op| op.ns == "a" && matches!(op.act, Act::Route(RouteAct::Address { .. })))
        .ok_or("it has addresses")?;
    setup.splice(next..next, acts.into_iter().map(|act| Op::new("a", act)));
    let Err(error) = Lab::build(&setup) else { return Err("the kernel took it".into()) };
    assert_eq!(error.to_string(), format!("failed to do `{line}`"));
    let said = match &error {
        LabError::Netlink { source, .. } => source.to_string(),
        LabError::Io { source, .. } => source.to_string(),
        _ => String::new(),
    };
    assert!(said.contains(words), "{said}");
    let causes = std::iter::successors(error.source(), |cause| <dyn Error>::source(*cause));
    assert_eq!(causes.filter(|cause| cause.to_string().contains(words)).count(), 1, "it is said more than once");
    assert_eq!(held()?, before, "namespaces that are held still");
    Ok(())
}
