//! Probes what this kernel can do by trying it in the calling thread's network namespace, which must be fresh.
//! Not here: which features are needed.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use nix::errno::Errno;

use super::counters::Counters;
use super::link::NewEnd;
use super::packet::PacketSocket;
use super::pm_events::PmEvents;
use super::protocols::Protocols;
use super::qdisc::{self, Shape};
use super::{Batch, Namespace, Netlink, bond, firewall, link, mptcp, sock_diag, socket, sysctl, vlan};
use crate::words::mptcp::PATH_MANAGERS;
use crate::words::shape::Chance;
use crate::words::{BondMode, EndpointFlag, Feature, MptcpOption, Netem, Packets, Protocol, QdiscHandle, Rate, Rule, RuleAction, Size};

/// The loopback interface's index in every namespace.
const LO: i32 = 1;

/// Probes every feature.
pub fn features() -> std::io::Result<BTreeSet<Feature>> {
    let here = Arc::new(Namespace::current()?);
    let mut netlink = Netlink::new(Arc::clone(&here));
    let mut found = BTreeSet::new();
    let mut try_one = |feature: Feature, fill: &dyn Fn(&mut Batch)| {
        let mut batch = Batch::default();
        fill(&mut batch);
        if netlink.send(&batch).is_ok() {
            found.insert(feature);
        }
    };
    try_one(Feature::Tbf, &|batch| qdisc::tbf(batch, LO, None, Rate(8_000_000), Size(16_384), Size(65_536)));
    let [first, second] = [QdiscHandle { parent: None, handle: 1 }, QdiscHandle { parent: Some(1), handle: 2 }];
    let seeded = Netem { limit: 10, seed: Some(0x5eed), ..Netem::default() };
    try_one(Feature::Netem, &|batch| qdisc::netem(batch, LO, first, &seeded));
    try_one(Feature::NetemPairs, &|batch| {
        qdisc::netem(batch, LO, first, &Netem { duplicate: Some(Chance::of(1.0)), ..seeded.clone() });
        qdisc::netem(batch, LO, second, &Netem { limit: 10, ..Netem::default() });
    });
    try_one(Feature::Redirect, &|batch| {
        qdisc::ingress(batch, LO);
        qdisc::redirect(batch, LO, LO);
    });
    try_one(Feature::Bridge, &|batch| link::bridge(batch, "mplab-probe", 1000));
    let settings = bond::Settings::of(BondMode::BalanceRr, 100, None);
    try_one(Feature::Bonding, &|batch| bond::add(batch, "mplab-bond", 1001, 1500, settings));
    try_one(Feature::Vlan, &|batch| {
        // `lo` takes no tags.
        let [trunk, far] = [("mplab-trunk", 1002), ("mplab-far", 1003)].map(|(name, index)| NewEnd { name, index });
        link::veth(batch, &trunk, false, &here, &far, [1500; 2]);
        vlan::add(batch, "mplab-vlan", 1004, trunk.index, 10);
    });
    // A kernel that does not know the attribute ignores it silently.
    let has_seed = |(_, shape)| matches!(shape, Shape::Netem(place, settings) if place == first && settings.seed() == seeded.seed);
    found.extend(qdisc::list(&mut netlink).is_ok_and(|list| list.into_iter().any(has_seed)).then_some(Feature::NetemSeed));
    found.extend(tables(&mut netlink));
    found.extend(PacketSocket::open(LO).is_ok().then_some(Feature::Relay));
    if Path::new("/proc/sys/net/ipv6").exists() {
        found.insert(Feature::Ipv6);
    }
    // Some distributions' kernels have it off; a lab sets it on.
    sysctl::write("net.mptcp.enabled", "1").ok();
    if mptcp_sockets() && mptcp::limits(&mut netlink).is_ok() {
        found.insert(Feature::Mptcp);
        let words = |key: &str| sysctl::read(key).unwrap_or_default();
        found
            .extend(words("net.mptcp.available_schedulers").split(' ').filter(|s| !s.is_empty()).map(|s| Feature::Scheduler(s.to_owned())));
        found.extend(path_managers());
        found.extend(listener_events().unwrap_or(false).then_some(Feature::ListenerEvents));
        found.extend(fast_open().then_some(Feature::FastOpen));
        found.extend(counts_sockets().unwrap_or(false).then_some(Feature::SocketsInUse));
        found.extend(sock_diag::destroys(&mut netlink).then_some(Feature::SocketDestruction));
        found.extend(laminar(&mut netlink).then_some(Feature::LaminarEndpoints));
        found.extend([Feature::Limits(highest_limit(&mut netlink)), Feature::Endpoints(most_endpoints(&mut netlink))]);
        found.extend(info_size().map(Feature::Info));
        found.extend(sysctl::below("net.mptcp").into_iter().map(Feature::Sysctl));
        found.extend(Counters::names()?.into_iter().filter(|name| name.starts_with("MPTcpExt")).map(Feature::Counter));
    }
    Ok(found)
}

/// What nf_tables can do.
fn tables(netlink: &mut Netlink) -> Vec<Feature> {
    let rule = |action, packets| Rule { action, packets, enters: None, leaves: None, from: None, number: None };
    let rules = [rule(RuleAction::Drop, Packets::Option(MptcpOption::MpJoin)), rule(RuleAction::Reset, Packets::Tcp)];
    let changes = [Rule { number: Some(1), ..rule(RuleAction::Corrupt, Packets::Tcp) }, rule(RuleAction::Forge, Packets::MpJoinAck)];
    let all = [
        (Feature::Firewall, firewall::filter(&rules)),
        (Feature::StripOptions, firewall::filter(&[rule(RuleAction::Strip, Packets::Mptcp)])),
        (Feature::CorruptPayload, firewall::filter(&changes)),
        (Feature::Nat, firewall::masquerade(["lo"])),
        (Feature::Tproxy, firewall::intercept([("lo", 1)], 1)),
    ];
    all.into_iter()
        .filter(|(_, table)| table.apply(netlink).is_ok() && table.in_force(netlink).unwrap_or(false))
        .map(|(feature, _)| feature)
        .collect()
}

/// The path managers that a host can have, and whether they have names. A kernel without names has numbers for two.
fn path_managers() -> Vec<Feature> {
    match sysctl::read("net.mptcp.available_path_managers") {
        Ok(names) => {
            let managers = names.split_whitespace().map(|name| Feature::PathManager(name.to_owned()));
            managers.chain([Feature::PathManagerNames]).collect()
        }
        Err(_) if sysctl::read("net.mptcp.pm_type").is_ok() => {
            PATH_MANAGERS.iter().map(|name| Feature::PathManager((*name).to_owned())).collect()
        }
        Err(_) => Vec::new(),
    }
}

/// Whether the kernel reports listening sockets: it does so before listen(2) returns, or never.
fn listener_events() -> std::io::Result<bool> {
    let Some(events) = PmEvents::open()? else { return Ok(false) };
    let any = Ipv4Addr::UNSPECIFIED.into();
    let listening = socket::stream(Protocol::Mptcp, any)?;
    socket::bind(&listening, SocketAddr::new(any, 0))?;
    let _listening = socket::listen(listening, 1)?;
    Ok(events.read()?.iter().any(|event| event.kind == "listener-created"))
}

/// `IPPROTO_MPTCP` exists and is enabled.
fn mptcp_sockets() -> bool {
    // SAFETY: socket(2) takes no pointers; the descriptor is owned at once.
    unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, libc::IPPROTO_MPTCP);
        fd >= 0 && OwnedFd::from_raw_fd(fd).as_raw_fd() == fd
    }
}

/// How many bytes `MPTCP_INFO` gives.
fn info_size() -> Option<u32> {
    let socket = socket::stream(Protocol::Mptcp, Ipv4Addr::UNSPECIFIED.into()).ok()?;
    socket::mptcp_info_size(&socket).ok()
}

/// Whether a connection's sockets are counted, besides the one that listens. It needs a loopback interface that nothing was tried on.
fn counts_sockets() -> io::Result<bool> {
    let fresh = Namespace::new()?;
    let count = || {
        let mut batch = Batch::default();
        link::set_up(&mut batch, LO, true);
        Netlink::new(Arc::new(Namespace::current()?)).send(&batch).map_err(io::Error::other)?;
        sysctl::write("net.mptcp.enabled", "1").ok();
        let here = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let [server, client] = [(); 2].map(|()| socket::stream(Protocol::Mptcp, here.ip()));
        let server = server?;
        socket::bind(&server, here)?;
        let listening = socket::listen(server, 1)?;
        let client = TcpStream::from(client?);
        // Nothing is lost on the way to the same host: it connects or fails.
        client.set_nonblocking(false)?;
        socket::connect(&client, listening.local_addr()?)?;
        Ok(Protocols::open()?.mptcp()? > 1)
    };
    fresh.enter(count)?
}

fn fast_open() -> bool {
    let socket = socket::stream(Protocol::Mptcp, Ipv4Addr::UNSPECIFIED.into());
    socket.is_ok_and(|socket| socket::allow_fast_open(&socket, 1).is_ok())
}

/// Whether endpoints can be laminar. A kernel that does not know a flag drops it silently.
fn laminar(netlink: &mut Netlink) -> bool {
    let bit = EndpointFlag::Laminar.bit();
    let wanted = mptcp::Endpoint { address: [192, 0, 2, 1].into(), index: 0, flags: bit, id: 0, port: 0 };
    match mptcp::add_endpoint(netlink, &wanted) {
        Ok(()) => mptcp::endpoints(netlink).is_ok_and(|endpoints| endpoints.iter().any(|endpoint| endpoint.flags & bit != 0)),
        Err(error) => error.errno() != Errno::EINVAL as i32 && error.errno() != Errno::EOPNOTSUPP as i32,
    }
}

/// The highest limit that the kernel accepts. It has one bound for both limits (`MPTCP_PM_SUBFLOWS_MAX`).
fn highest_limit(netlink: &mut Netlink) -> u32 {
    let mut takes = |limit| mptcp::set_limits(netlink, mptcp::Limits { subflows: limit, add_addr_accepted: limit }).is_ok();
    let (mut highest, mut refused) = (0, u32::from(u8::MAX) + 1);
    while refused - highest > 1 {
        let limit = u32::midpoint(highest, refused);
        if takes(limit) { highest = limit } else { refused = limit }
    }
    highest
}

/// How many endpoints the kernel accepts; each has an id of 8 bits.
fn most_endpoints(netlink: &mut Netlink) -> u32 {
    // The probe of laminar endpoints leaves one.
    mptcp::flush_endpoints(netlink).ok();
    let mut takes = |last: &u8| {
        let address = Ipv4Addr::new(192, 0, 2, *last).into();
        mptcp::add_endpoint(netlink, &mptcp::Endpoint { address, index: 0, flags: 0, id: 0, port: 0 }).is_ok()
    };
    let most = (1..=u8::MAX).take_while(&mut takes).count() as u32;
    mptcp::flush_endpoints(netlink).ok();
    most
}
