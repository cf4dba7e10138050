//! Queueing disciplines and the redirection of a wire's packets (rtnetlink; `tc qdisc`, `tc filter`).
//! Not here: which rate or delay a link has.

use netlink_bindings::tc::{OptionsMsg, PushActAttrs, Request, TcTbfQopt, TcU32Sel, Tcmsg};
use netlink_bindings::traits::Pusher;
use netlink_bindings::utils::{finalize_nested_header, find_attr, push_nested_header};

use super::netem::{self, Settings, TICK};
use super::{Batch, Netlink, NetlinkError};
use crate::words::netem::UNLIMITED;
use crate::words::{Netem, QdiscHandle, Rate, Size};

/// `TC_H_ROOT`, `TC_H_INGRESS`, and the ingress qdisc's block of filters (include/uapi/linux/pkt_sched.h).
const ROOT: u32 = 0xffff_ffff;
const INGRESS: u32 = 0xffff_fff1;
const INGRESS_FILTERS: u32 = 0xffff_fff2;
/// The handle that tc gives an ingress qdisc.
const INGRESS_HANDLE: u32 = 0xffff_0000;
/// `TC_ACT_STOLEN` and `TCA_EGRESS_REDIR` (include/uapi/linux/pkt_cls.h, tc_act/tc_mirred.h).
const STOLEN: i32 = 4;
const EGRESS_REDIR: i32 = 1;
/// `TCA_U32_ACT` (include/uapi/linux/pkt_cls.h).
const TCA_U32_ACT: u16 = 7;
/// `TCA_OPTIONS`, `TCA_U32_ACT`, the first action, `TCA_ACT_OPTIONS`, `TCA_MIRRED_PARMS`: the way to a filter's struct tc_mirred.
const MIRRED_PARMS: [u16; 5] = [2, TCA_U32_ACT, 1, 2, 2];
/// `TC_U32_TERMINAL` (include/uapi/linux/pkt_cls.h).
const TERMINAL: u8 = 1;

fn message(index: i32, parent: u32) -> Tcmsg {
    let mut header = Tcmsg::new();
    header.ifindex = index;
    header.parent = parent;
    header
}

/// The qdisc at a place among those that an interface sends by.
fn at(index: i32, place: QdiscHandle) -> Tcmsg {
    let major = |handle: u16| u32::from(handle) << 16;
    let mut header = message(index, place.parent.map_or(ROOT, |parent| major(parent) | 1));
    header.handle = major(place.handle);
    header
}

/// Gives an interface an ingress qdisc.
pub(crate) fn ingress(batch: &mut Batch, index: i32) {
    let mut header = message(index, INGRESS);
    header.handle = INGRESS_HANDLE;
    let mut request = Request::new().set_create().set_excl().op_newqdisc_do(&header);
    request.encode().nested_options_ingress();
    batch.push(&request);
}

/// The one filter of a wire's end: priority 1, every protocol.
fn filter(index: i32) -> Tcmsg {
    let mut header = message(index, INGRESS_FILTERS);
    header.info = 1 << 16 | u32::from((libc::ETH_P_ALL as u16).to_be());
    header
}

/// Sends whatever enters by `index` out by `to`. u32 with a key that every packet matches: older and more widely built than matchall.
pub(crate) fn redirect(batch: &mut Batch, index: i32, to: i32) {
    let mut selector = TcU32Sel::new();
    selector.flags = TERMINAL;
    selector.nkeys = 1;
    // struct tc_mirred: tc_gen (index, capab, action, refcnt, bindcnt), eaction, ifindex.
    let mirred: Vec<u8> = [0, 0, STOLEN, 0, 0, EGRESS_REDIR, to].iter().flat_map(|field: &i32| field.to_ne_bytes()).collect();
    let mut request = Request::new().set_create().set_excl().op_newtfilter_do(&filter(index));
    let mut options = request.encode().nested_options_u32().push_sel(selector);
    // Actions are numbered from 1 (net/sched/act_api.c, tcf_action_init); netlink-bindings' own array starts at 0.
    let bytes = options.as_vec_mut();
    let actions = push_nested_header(bytes, TCA_U32_ACT);
    let first = push_nested_header(bytes, 1);
    PushActAttrs::new(&mut *bytes).nested_options_mirred().push_parms(&mirred);
    finalize_nested_header(bytes, first);
    finalize_nested_header(bytes, actions);
    drop(options);
    batch.push(&request);
}

/// Removes the redirection from an interface.
pub(crate) fn unredirect(batch: &mut Batch, index: i32) {
    let request = Request::new().op_deltfilter_do(&filter(index));
    batch.push(&request);
}

/// Limits what leaves by an interface to a rate (tc-tbf(8)), as its only qdisc unless a place is given.
pub(crate) fn tbf(batch: &mut Batch, index: i32, place: Option<QdiscHandle>, rate: Rate, burst: Size, limit: Size) {
    let header = place.map_or_else(|| message(index, ROOT), |place| at(index, place));
    bucket(batch, &header, rate, burst, limit);
}

/// Lets super-packets leave by an interface as their single packets: a token bucket segments them if they are larger than the bucket
/// (net/sched/sch_tbf.c, tbf_segment). The rate of this one is out of reach. The limit is for the queue that it has unless another qdisc
/// is attached below it.
pub(crate) fn split(batch: &mut Batch, index: i32, place: QdiscHandle, packet: Size, limit: Size) {
    bucket(batch, &at(index, place), UNLIMITED, packet, limit);
}

fn bucket(batch: &mut Batch, header: &Tcmsg, rate: Rate, burst: Size, limit: Size) {
    let bytes = rate.bytes_per_second();
    let mut options = TcTbfQopt::new();
    options.rate.rate = u32::try_from(bytes).unwrap_or(u32::MAX);
    options.limit = limit.0 as u32;
    // `TC_LINKLAYER_ETHERNET`: no rate table is needed.
    options.rate.linklayer = 1;
    let mut request = Request::new().set_create().set_replace().op_newqdisc_do(header);
    let mut attributes = request.encode().nested_options_tbf().push_parms(options).push_burst(burst.0 as u32);
    if bytes > u64::from(u32::MAX) {
        attributes = attributes.push_rate64(bytes);
    }
    drop(attributes);
    batch.push(&request);
}

/// Removes an interface's root qdisc, which leaves the default one.
pub(crate) fn remove(batch: &mut Batch, index: i32) {
    batch.push(&Request::new().op_delqdisc_do(&message(index, ROOT)));
}

/// Delays, drops and otherwise impairs what leaves by an interface, and limits it to a rate (tc-netem(8)). Packets in transit in an existing
/// netem stay there.
pub(crate) fn netem(batch: &mut Batch, index: i32, place: QdiscHandle, wanted: &Netem) {
    let settings = Settings::from(wanted);
    let mut request = Request::new().set_create().set_replace().op_newqdisc_do(&at(index, place));
    let mut attributes = request.encode().nested_options_netem(&settings.fixed());
    if let Some(table) = netem::table(wanted) {
        attributes = attributes.push_delay_dist(&table);
    }
    drop(settings.push(attributes));
    batch.push(&request);
}

/// A qdisc of an interface, as the kernel reports it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// An ingress qdisc.
    Ingress,
    /// A token bucket filter: rate, burst and limit.
    Tbf(Rate, Size, Size),
    /// netem at a place.
    Netem(QdiscHandle, Settings),
    /// Another qdisc.
    Other(String),
}

/// Every qdisc of the namespace, with its interface's index.
pub(crate) fn list(netlink: &mut Netlink) -> Result<Vec<(i32, Shape)>, NetlinkError> {
    let request = Request::new().op_getqdisc_dump(&Tcmsg::new());
    let mut found = Vec::new();
    netlink.each(&request, |(header, attributes)| {
        let shape = match attributes.get_options() {
            Ok(OptionsMsg::Tbf(options)) => options.get_parms().ok().map(|parms| {
                let bytes = options.get_rate64().unwrap_or(u64::from(parms.rate.rate));
                let burst = f64::from(parms.buffer) * TICK as f64 * bytes as f64 / 1e9;
                Shape::Tbf(Rate(bytes * 8), Size(burst.round() as u64), Size(u64::from(parms.limit)))
            }),
            Ok(OptionsMsg::Netem(fixed, said)) => {
                let major = |handle: u32| (handle >> 16) as u16;
                let parent = (header.parent != ROOT).then(|| major(header.parent));
                Some(Shape::Netem(QdiscHandle { parent, handle: major(header.handle) }, Settings::read(&fixed, &said)))
            }
            _ => None,
        };
        let kind = || attributes.get_kind().map(|kind| kind.to_string_lossy().into_owned()).unwrap_or_default();
        let shape = shape.unwrap_or_else(|| if header.parent == INGRESS { Shape::Ingress } else { Shape::Other(kind()) });
        found.push((header.ifindex, shape));
    })?;
    Ok(found)
}

/// The index of the interface that an interface's packets are redirected to, if they are.
pub(crate) fn redirected(netlink: &mut Netlink, index: i32) -> Result<Option<i32>, NetlinkError> {
    let request = Request::new().op_gettfilter_dump(&message(index, INGRESS_FILTERS));
    let mut found = None;
    netlink.each(&request, |(_, attributes)| {
        let parms = MIRRED_PARMS.iter().try_fold(attributes.get_buf(), |buf, &attribute| find_attr(buf, attribute));
        let to = parms.and_then(|parms| parms.last_chunk()).map(|to| i32::from_ne_bytes(*to));
        found = found.or(to);
    })?;
    Ok(found)
}
