//! Checks a host's MPTCP configuration: refuses what the kernel would refuse, but says why.
//! Not here: telling the kernel.

use std::collections::BTreeMap;

use super::{raw, value};
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::Spanned;
use crate::document::topology::interfaces::known_interface;
use crate::document::topology::{Endpoint, Family, Interface, Mptcp};
use crate::words::EndpointFlag;

/// No kernel accepts higher limits (`net/mptcp/pm_kernel.c`, `MPTCP_PM_SUBFLOWS_MAX`); older ones stop at 8.
const LIMIT_MAX: u32 = 64;

/// Checks the MPTCP configuration of a host that has these interfaces.
pub(super) fn check(host: &str, raw: &raw::Mptcp, interfaces: &BTreeMap<String, Interface>, mistakes: &mut Mistakes) -> Mptcp {
    limits([&raw.limits.subflows, &raw.limits.add_addr_accepted], mistakes);
    for name in [&raw.scheduler, &raw.path_manager].into_iter().flatten() {
        if name.value.is_empty() || name.value.contains(char::is_whitespace) {
            mistakes.add(&name.span, "this cannot be a name").help("write one that sysctl net.mptcp shows as available");
        }
    }
    let mut known = Known::default();
    let mut endpoints = Vec::new();
    for written in &raw.endpoints {
        if let Some(endpoint) = endpoint_alone(host, &written.value, interfaces, mistakes) {
            known.note(&endpoint, written, mistakes);
            endpoints.push(endpoint);
        }
    }
    Mptcp {
        enabled: value(raw.enabled.as_ref()),
        scheduler: raw.scheduler.as_ref().map(|name| name.value.clone()),
        path_manager: raw.path_manager.as_ref().map(|name| name.value.clone()),
        subflows: value(raw.limits.subflows.as_ref()),
        add_addr_accepted: value(raw.limits.add_addr_accepted.as_ref()),
        endpoints,
    }
}

/// Reports limits that are too high.
pub(crate) fn limits(limits: [&Option<Spanned<u32>>; 2], mistakes: &mut Mistakes) {
    for limit in limits.into_iter().flatten().filter(|limit| limit.value > LIMIT_MAX) {
        mistakes.add(&limit.span, format!("no kernel accepts so large a limit: write at most {LIMIT_MAX}, or 8 for kernels before 7.0"));
    }
}

/// Checks an endpoint of a host that has these interfaces, without regard to other endpoints.
pub(crate) fn endpoint_alone(
    host: &str,
    raw: &raw::Endpoint,
    interfaces: &BTreeMap<String, Interface>,
    mistakes: &mut Mistakes,
) -> Option<Endpoint> {
    flags(raw, mistakes);
    endpoint(host, raw, interfaces, mistakes)
}

fn endpoint(host: &str, raw: &raw::Endpoint, interfaces: &BTreeMap<String, Interface>, mistakes: &mut Mistakes) -> Option<Endpoint> {
    let interface = match &raw.interface {
        Some(written) => Some((known_interface(host, written, interfaces, mistakes)?, written)),
        None => None,
    };
    if let (Some(address), Some(family)) = (&raw.address, &raw.family) {
        mistakes
            .add(&family.span, "`family` says which address of the interface is meant, but the address is written")
            .beside(&address.span, "here")
            .help("remove `family`");
    }
    let address = match (&raw.address, interface) {
        (Some(address), _) => address.value,
        (None, Some((interface, written))) => {
            let ipv6 = raw.family.as_ref().is_some_and(|family| family.value == Family::Ipv6);
            let Some(network) = interface.address(ipv6) else {
                let family = if ipv6 { "IPv6" } else { "IPv4" };
                mistakes
                    .add(&written.span, format!("{host}:{} has no {family} address", written.value))
                    .help("write it where the interface is described, or remove the endpoint");
                return None;
            };
            network.address
        }
        (None, None) => return None,
    };
    Some(Endpoint {
        address,
        interface: raw.interface.as_ref().map(|written| written.value.clone()),
        flags: raw.flags.iter().map(|flag| flag.value).collect(),
        id: value(raw.id.as_ref()),
        port: value(raw.port.as_ref()),
    })
}

/// The combinations of flags that `mptcp_pm_nl_add_addr_doit` (`net/mptcp/pm_kernel.c`) refuses.
fn flags(raw: &raw::Endpoint, mistakes: &mut Mistakes) {
    let flag = |wanted| raw.flags.iter().find(|flag| flag.value == wanted);
    for (index, written) in raw.flags.iter().enumerate() {
        if let Some(first) = raw.flags[..index].iter().find(|earlier| earlier.value == written.value) {
            mistakes
                .add(&written.span, format!("`{}` is already in the list", written.value))
                .beside(&first.span, "here")
                .help("remove one of the two");
        }
    }
    if let Some(implicit) = flag(EndpointFlag::Implicit) {
        mistakes
            .add(
                &implicit.span,
                "the kernel makes implicit endpoints itself, for addresses in use that nobody configured, and refuses to be given one",
            )
            .help("remove `implicit`: an endpoint without flags is not used for new subflows either");
    }
    if let (Some(signal), Some(fullmesh)) = (flag(EndpointFlag::Signal), flag(EndpointFlag::Fullmesh)) {
        mistakes
            .add(&fullmesh.span, "the kernel refuses an endpoint with both `signal` and `fullmesh`")
            .beside(&signal.span, "the other one")
            .help("remove one: `fullmesh` is for addresses that connect, `signal` for those that are announced");
    }
    if let Some(port) = &raw.port {
        if port.value == 0 {
            mistakes.add(&port.span, "0 is not a port").help("write 1 to 65535, or remove it: the connection's own port is meant then");
        } else if flag(EndpointFlag::Signal).is_none() {
            mistakes
                .add(&port.span, "a port is announced with its address, so it needs the flag `signal`")
                .help("write flags = [\"signal\"]");
        } else if let Some(subflow) = flag(EndpointFlag::Subflow) {
            mistakes
                .add(&port.span, "the kernel refuses a port together with the flag `subflow`")
                .beside(&subflow.span, "here")
                .help("remove one, or write two endpoints");
        }
    }
    if let Some(id) = raw.id.as_ref().filter(|id| id.value == 0) {
        mistakes
            .add(&id.span, "0 is the id of a connection's first address")
            .help("write 1 to 255, or remove it: the kernel chooses one then");
    }
}

/// The endpoints of a host so far, as the kernel keeps them (`mptcp_pm_nl_append_new_local_addr`).
#[derive(Default)]
struct Known {
    endpoints: Vec<(Endpoint, Span)>,
    ids: BTreeMap<u8, Span>,
    last: u8,
}

impl Known {
    fn note(&mut self, endpoint: &Endpoint, written: &Spanned<raw::Endpoint>, mistakes: &mut Mistakes) {
        let same = |(earlier, _): &&(Endpoint, Span)| earlier.address == endpoint.address && earlier.port == endpoint.port;
        if let Some((_, span)) = self.endpoints.iter().find(same) {
            mistakes
                .add(&written.span, format!("{} is already an endpoint", endpoint.address))
                .beside(span, "here")
                .help("remove one of the two, and give the other both flags");
        }
        self.endpoints.push((endpoint.clone(), written.span.clone()));

        let id = endpoint.id.or_else(|| (self.last.max(1)..=u8::MAX).find(|id| !self.ids.contains_key(id)));
        let Some(id) = id else { return };
        if let (Some(span), Some(wish)) = (self.ids.get(&id), &written.value.id) {
            let message = format!("{id} is the id of another endpoint of this host");
            mistakes
                .add(&wish.span, message)
                .beside(span, "this one")
                .help("write another, or write endpoints with an id before those without");
        }
        self.last = self.last.max(id);
        self.ids.entry(id).or_insert_with(|| written.span.clone());
    }
}
