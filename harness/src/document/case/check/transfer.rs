//! Checks transfers: their hosts, addresses and ports.
//! Not here: moving bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::raw;
use crate::document::case::named::{NO_IPV6, address_of, family_name, host};
use crate::document::case::{Abort, Amount, Exchange, Transfer};
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Named, Spanned};
use crate::document::topology::address::is_link_local;
use crate::document::topology::{Family, Host, Topology};
use crate::words::names::{HOST_MAX, complaint};
use crate::words::{Rate, Size, Time, TransferDirection};

/// The first default port: iperf2's, or iperf3's less 200.
const FIRST_PORT: u16 = 5001;
/// How many connections a transfer can have.
const CONNECTIONS_MAX: u32 = 1000;

/// Checks all transfers. Without a topology, only what needs none.
pub(super) fn check(written: &Named<raw::Transfer>, topology: Option<&Topology>, mistakes: &mut Mistakes) -> BTreeMap<String, Transfer> {
    let mut ports = Ports::of(written, topology, mistakes);
    let mut transfers = BTreeMap::new();
    for (name, entry) in written {
        if let Some(complaint) = complaint("transfer", name, HOST_MAX) {
            mistakes.add(&entry.name, complaint);
        }
        if let Some(transfer) = transfer(&entry.value, topology, &mut ports, mistakes) {
            transfers.insert(name.clone(), transfer);
        }
    }
    transfers
}

fn transfer(raw: &raw::Transfer, topology: Option<&Topology>, ports: &mut Ports, mistakes: &mut Mistakes) -> Option<Transfer> {
    let sizes = sizes(raw, mistakes);
    let amount = amount(raw, &sizes, mistakes);
    if let Some(rate) = raw.rate.as_ref().filter(|rate| rate.value < Rate(8)) {
        mistakes.add(&rate.span, "nothing would ever be sent at this rate").help("write at least \"8bit\"");
    }
    if let Some(connections) = raw.connections.as_ref().filter(|count| !(1..=CONNECTIONS_MAX).contains(&count.value)) {
        mistakes.add(&connections.span, format!("a transfer cannot have this number of connections: write 1 to {CONNECTIONS_MAX}"));
    }
    let reconnects = reconnects(raw, mistakes);
    let (client, server) = (raw.client.as_ref()?, raw.server.as_ref()?);
    if let Some(abort) = raw.abort.as_ref().filter(|_| client.value == server.value) {
        mistakes.add(&abort.span, "both ends are one host, so it is unclear which end gives up").help("write two different hosts");
    }
    let topology = topology?;
    let found = (host(topology, client, mistakes), host(topology, server, mistakes));
    let (Some(client_host), Some(server_host)) = found else { return None };
    let ipv6 = family(raw);
    let to = match &raw.to {
        Some(to) => address_of(&server.value, server_host, to, ipv6, mistakes)?,
        None => destination(topology, client, server, ipv6.unwrap_or(false), mistakes)?,
    };
    let from = match &raw.from {
        Some(from) => Some(address_of(&client.value, client_host, from, Some(to.is_ipv6()), mistakes)?),
        None => None,
    };
    if let (true, None, Some(written)) = (is_link_local(to), &raw.device, &raw.to) {
        let help = format!("add `device = ...`, the interface of `{}` on the same link", client.value);
        mistakes.add(&written.span, format!("{to} is valid on its own link only, and nothing says through which interface")).help(help);
    }
    let protocol = raw.protocol.as_ref().map(|protocol| protocol.value).unwrap_or_default();
    Some(Transfer {
        client: client.value.clone(),
        server: server.value.clone(),
        to,
        from,
        port: raw.port.as_ref().map_or_else(|| ports.next(&server.value), |port| port.value),
        client_protocol: raw.client_protocol.as_ref().map_or(protocol, |protocol| protocol.value),
        server_protocol: raw.server_protocol.as_ref().map_or(protocol, |spoken| spoken.value.0),
        second_protocol: raw.server_protocol.as_ref().and_then(|spoken| spoken.value.1),
        direction: direction(raw, mistakes),
        amount: amount?,
        down: sizes.get(1).map(|size| size.value),
        rate: raw.rate.as_ref().map(|rate| rate.value),
        connections: raw.connections.as_ref().map_or(1, |connections| connections.value),
        start: raw.start,
        listen: listens(raw, server, server_host, to, mistakes),
        v4_mapped: mapped(raw, to, mistakes),
        abort: abort(raw, &client.value, &server.value, &sizes, mistakes),
        device: device(raw, &client.value, client_host, mistakes),
        congestion: raw.congestion.as_ref().map(|congestion| congestion.value.clone()),
        mark: mark(raw, mistakes),
        fast_open: fast_open(raw, mistakes),
        exchange: exchange(raw, mistakes),
        reconnects,
        peek: raw.peek,
        inq: raw.inq,
    })
}

/// The addresses that the server listens at.
fn listens(raw: &raw::Transfer, server: &Spanned<String>, host: &Host, to: IpAddr, mistakes: &mut Mistakes) -> Vec<IpAddr> {
    let Some(listen) = &raw.listen else { return Vec::new() };
    if listen.value.is_empty() {
        mistakes.add(&listen.span, "the server would listen nowhere").help("remove `listen`: the server then listens everywhere");
    }
    listen.value.iter().filter_map(|at| address_of(&server.value, host, at, Some(to.is_ipv6()), mistakes)).collect()
}

fn mapped(raw: &raw::Transfer, to: IpAddr, mistakes: &mut Mistakes) -> bool {
    let Some(mapped) = raw.v4_mapped.as_ref().filter(|mapped| mapped.value) else { return false };
    if to.is_ipv6() {
        mistakes.add(&mapped.span, format!("only IPv4 addresses can be mapped, and {to} is not one")).help("remove it, or `family`");
    }
    true
}

/// The client's interface that its sockets are bound to.
fn device(raw: &raw::Transfer, client: &str, host: &Host, mistakes: &mut Mistakes) -> Option<String> {
    let device = raw.device.as_ref()?;
    if !host.interfaces.contains_key(&device.value) {
        let message = format!("`{client}` has no interface `{}`", device.value);
        mistakes.undefined(&device.span, message, &device.value, host.interfaces.keys().map(String::as_str));
    }
    Some(device.value.clone())
}

/// The mark of its packets.
fn mark(raw: &raw::Transfer, mistakes: &mut Mistakes) -> Option<u32> {
    let mark = raw.mark.as_ref()?;
    if mark.value == 0 {
        mistakes.add(&mark.span, "packets have this mark in any case").help("write 1 or more, or remove `mark`");
    }
    Some(mark.value)
}

fn fast_open(raw: &raw::Transfer, mistakes: &mut Mistakes) -> bool {
    let Some(open) = raw.fast_open.as_ref().filter(|open| open.value) else { return false };
    if direction(raw, &mut Mistakes::default()) == TransferDirection::Download {
        let help = "write direction = \"upload\" or \"both\", or remove `fast_open`";
        mistakes.add(&open.span, "only the client's data goes with the SYN, and this client sends none").help(help);
    }
    true
}

/// How often clients connect again.
fn reconnects(raw: &raw::Transfer, mistakes: &mut Mistakes) -> u32 {
    let Some(reconnects) = raw.reconnects.as_ref().filter(|reconnects| reconnects.value > 0) else { return 0 };
    if let Some(abort) = &raw.abort {
        let mistake = mistakes.add(&reconnects.span, "a connection that is given up is not made again");
        mistake.beside(&abort.span, "here").help("remove one of the two");
    }
    let at_once = raw.connections.as_ref().map_or(1, |connections| connections.value);
    if u64::from(at_once) * (u64::from(reconnects.value) + 1) > CONNECTIONS_MAX.into() {
        let help = format!("a transfer makes up to {CONNECTIONS_MAX} connections in all");
        mistakes.add(&reconnects.span, "this makes too many connections").help(help);
        return 0;
    }
    reconnects.value
}

/// The directions in which bytes go: both if both are written.
fn direction(raw: &raw::Transfer, mistakes: &mut Mistakes) -> TransferDirection {
    let both = raw.bytes.as_ref().filter(|bytes| matches!(bytes.value, raw::Bytes::BothWays { .. }));
    let both = both.map(|bytes| ("`bytes` already gives the directions", &bytes.span));
    let both = both.or_else(|| raw.exchanges.as_ref().map(|exchanges| ("exchanges go both ways", &exchanges.span)));
    match (&raw.direction, both) {
        (Some(direction), Some((message, span))) => {
            mistakes.add(&direction.span, message).beside(span, "here").help("remove `direction`");
            TransferDirection::Both
        }
        (Some(direction), None) => direction.value,
        (None, Some(_)) => TransferDirection::Both,
        (None, None) => TransferDirection::default(),
    }
}

/// What the two ends say in turn.
fn exchange(raw: &raw::Transfer, mistakes: &mut Mistakes) -> Option<Exchange> {
    let exchanges = raw.exchanges.as_ref()?;
    if let Some(rate) = &raw.rate {
        let mistake = mistakes.add(&rate.span, "an exchange begins when the one before it has ended, not at a rate");
        mistake.beside(&exchanges.span, "the exchanges").help("remove `rate`");
    }
    let (request, response) = (exchanges.value.request.as_ref()?, exchanges.value.response.as_ref()?);
    for size in [request, response].into_iter().filter(|size| size.value == Size(0)) {
        mistakes.add(&size.span, "nothing cannot be waited for").help("write at least 1 byte");
    }
    Some(Exchange { request: request.value, response: response.value })
}

/// What so many exchanges come to, each way.
fn sizes_of_exchanges(exchanges: &raw::Exchanges, mistakes: &mut Mistakes) -> Vec<Spanned<Size>> {
    let Some(count) = &exchanges.count else { return Vec::new() };
    if count.value == 0 {
        mistakes.add(&count.span, "a transfer of no exchange shows nothing").help("write 1 or more");
    }
    let both = [&exchanges.request, &exchanges.response].into_iter().flatten();
    let all = |size: &Spanned<Size>| Spanned { value: Size(size.value.0.saturating_mul(count.value.into())), span: count.span.clone() };
    both.map(all).collect()
}

/// The transfer's bytes: one number for all its directions, or one for each.
fn sizes(raw: &raw::Transfer, mistakes: &mut Mistakes) -> Vec<Spanned<Size>> {
    if let Some(exchanges) = &raw.exchanges {
        return sizes_of_exchanges(&exchanges.value, mistakes);
    }
    let Some(bytes) = &raw.bytes else { return Vec::new() };
    let sizes: Vec<_> = match &bytes.value {
        raw::Bytes::EachWay(size) => vec![Spanned { value: *size, span: bytes.span.clone() }],
        raw::Bytes::BothWays { up, down } => [up, down].into_iter().flatten().cloned().collect(),
    };
    for size in sizes.iter().filter(|size| size.value == Size(0)) {
        mistakes.add(&size.span, "a transfer of nothing shows nothing").help("write at least 1 byte");
    }
    sizes
}

fn abort(raw: &raw::Transfer, client: &str, server: &str, sizes: &[Spanned<Size>], mistakes: &mut Mistakes) -> Option<Abort> {
    let abort = &raw.abort.as_ref()?.value;
    let (host, after) = (abort.host.as_ref()?, abort.after.as_ref()?);
    if ![client, server].contains(&host.value.as_str()) {
        let message = format!("`{}` is neither client nor server of this transfer", host.value);
        mistakes.undefined(&host.span, message, &host.value, [client, server]);
    }
    if let Some(bytes) = sizes.iter().max_by_key(|size| size.value).filter(|bytes| bytes.value < after.value) {
        mistakes.add(&after.span, "the transfer has ended by then").beside(&bytes.span, "after these").help("write a smaller size");
    }
    Some(Abort { host: host.value.clone(), after: after.value })
}

fn amount(raw: &raw::Transfer, sizes: &[Spanned<Size>], mistakes: &mut Mistakes) -> Option<Amount> {
    let duration = raw.duration.as_ref().or_else(|| raw.exchanges.as_ref()?.value.duration.as_ref());
    if let Some(duration) = duration.filter(|duration| duration.value == Time::ZERO) {
        mistakes.add(&duration.span, "a transfer of no duration shows nothing").help("write a time such as \"3s\"");
    }
    match (sizes.first(), duration) {
        (Some(bytes), _) => Some(Amount::Bytes(bytes.value)),
        (_, Some(duration)) => Some(Amount::Duration(duration.value)),
        (None, None) => None,
    }
}

/// Whether IPv6 is asked for, by `family` or by an address.
fn family(raw: &raw::Transfer) -> Option<bool> {
    let named = raw.family.as_ref().map(|family| family.value == Family::Ipv6);
    let literal = |written: &Option<Spanned<String>>| written.as_ref()?.value.parse().ok().map(|address: IpAddr| address.is_ipv6());
    named.or_else(|| literal(&raw.to)).or_else(|| literal(&raw.from))
}

/// The server's address on the first link that connects the two directly, or else the first address of its first interface that has one.
fn destination(
    topology: &Topology,
    client: &Spanned<String>,
    server: &Spanned<String>,
    ipv6: bool,
    mistakes: &mut Mistakes,
) -> Option<IpAddr> {
    let host = &topology.hosts[&server.value];
    let direct = topology.links.values().filter(|link| link.end_at(&client.value).is_some()).filter_map(|link| link.end_at(&server.value));
    let direct = direct.filter_map(|end| host.bond_or_itself(&end.interface));
    let address = direct.chain(host.interfaces.values()).find_map(|interface| interface.address(ipv6));
    if address.is_none() {
        let mistake = mistakes.add(&server.span, format!("`{}` has no {} address", server.value, family_name(ipv6)));
        if ipv6 {
            mistake.help(NO_IPV6);
        }
    }
    address.map(|network| network.address)
}

/// The ports of servers that are in use.
struct Ports(BTreeMap<String, BTreeSet<u16>>);

impl Ports {
    /// The ports written in transfers and endpoints.
    fn of(transfers: &Named<raw::Transfer>, topology: Option<&Topology>, mistakes: &mut Mistakes) -> Self {
        let mut taken: BTreeMap<(&str, u16), Span> = BTreeMap::new();
        for transfer in transfers.values().map(|entry| &entry.value) {
            let (Some(server), Some(port)) = (&transfer.server, &transfer.port) else { continue };
            if port.value == 0 {
                mistakes.add(&port.span, "0 is not a port").help("write 1 to 65535, or remove it");
            } else if let Some(span) = taken.get(&(server.value.as_str(), port.value)) {
                let message = format!("another transfer uses port {} of `{}`", port.value, server.value);
                mistakes.add(&port.span, message).beside(span, "here").help("write another, or remove it");
            } else {
                taken.insert((&server.value, port.value), port.span.clone());
            }
        }
        let mut ports = Self(BTreeMap::new());
        let announced = topology
            .into_iter()
            .flat_map(|topology| &topology.hosts)
            .flat_map(|(name, host)| host.mptcp.endpoints.iter().filter_map(|endpoint| Some((name.as_str(), endpoint.port?))));
        for (host, port) in taken.into_keys().chain(announced) {
            ports.0.entry(host.to_owned()).or_default().insert(port);
        }
        ports
    }

    /// The lowest port that no other transfer to this server uses.
    fn next(&mut self, server: &str) -> u16 {
        let taken = self.0.entry(server.to_owned()).or_default();
        let port = (FIRST_PORT..=u16::MAX).find(|port| !taken.contains(port)).unwrap_or(FIRST_PORT);
        taken.insert(port);
        port
    }
}
