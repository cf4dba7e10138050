//! Queueing disciplines and redirections of a lab's interfaces: makes and reads them back.
//! Not here: which a link needs.

use super::Room;
use super::found::{Found, Instead, unless};
use crate::kernel::Batch;
use crate::kernel::qdisc::{self, Shape};
use crate::plan::QdiscAct;
use crate::words::netem::UNLIMITED;
use crate::words::{Rate, Size};

/// Adds an operation to a batch.
pub(super) fn add(room: &Room, batch: &mut Batch, act: &QdiscAct) {
    match act {
        QdiscAct::Ingress { dev } => qdisc::ingress(batch, room.index(dev)),
        QdiscAct::Redirect { dev, to } => qdisc::redirect(batch, room.index(dev), room.index(to)),
        QdiscAct::Unredirect { dev } => qdisc::unredirect(batch, room.index(dev)),
        QdiscAct::Tbf { dev, place, rate, burst, limit } => qdisc::tbf(batch, room.index(dev), *place, *rate, *burst, *limit),
        QdiscAct::Split { dev, place, packet, queue } => {
            qdisc::split(batch, room.index(dev), *place, *packet, queue.unwrap_or(*packet));
        }
        QdiscAct::Netem { dev, place, netem } => qdisc::netem(batch, room.index(dev), *place, netem),
        QdiscAct::Unshape { dev } => qdisc::remove(batch, room.index(dev)),
    }
}

/// What the kernel has instead of what was requested.
pub(super) fn differs(room: &mut Room, found: &mut Found, act: &QdiscAct) -> Instead {
    match act {
        QdiscAct::Redirect { dev, to } => {
            let (index, to) = (room.index(dev), room.index(to));
            let has = qdisc::redirected(&mut room.netlink, index)?;
            Ok(unless(has == Some(to), || has.map_or("no filter".to_owned(), |index| format!("a filter to interface {index}"))))
        }
        QdiscAct::Unredirect { dev } => {
            let index = room.index(dev);
            let has = qdisc::redirected(&mut room.netlink, index)?;
            Ok(unless(has.is_none(), || "a filter that should be gone".to_owned()))
        }
        QdiscAct::Unshape { dev } => {
            let left = found.shapes(room, dev)?.iter().find(|shape| matches!(shape, Shape::Tbf(..) | Shape::Netem(..)));
            Ok(unless(left.is_none(), || format!("{left:?}")))
        }
        QdiscAct::Ingress { dev } | QdiscAct::Tbf { dev, .. } | QdiscAct::Split { dev, .. } | QdiscAct::Netem { dev, .. } => {
            let has = found.shapes(room, dev)?;
            Ok(unless(has.iter().any(|shape| alike(act, shape)), || format!("{has:?}")))
        }
    }
}

/// Whether a qdisc is what the operation requested. A token bucket keeps its size in ticks.
fn alike(act: &QdiscAct, shape: &Shape) -> bool {
    let near = |wanted: f64, has: f64, part: f64| (wanted - has).abs() <= wanted.abs() * part + f64::EPSILON;
    let near_rate = |wanted: Rate, has: Rate| near(wanted.0 as f64, has.0 as f64, 1e-6) || wanted.0.abs_diff(has.0) <= 8;
    let near_size = |wanted: Size, has: Size| near(wanted.0 as f64, has.0 as f64, 0.01);
    match (act, shape) {
        (QdiscAct::Ingress { .. }, Shape::Ingress) => true,
        (QdiscAct::Tbf { rate, burst, limit, .. }, Shape::Tbf(has_rate, has_burst, has_limit)) => {
            near_rate(*rate, *has_rate) && near_size(*burst, *has_burst) && limit == has_limit
        }
        // The bucket fills in less than a tick, and the kernel reports no other size.
        (QdiscAct::Split { packet, queue, .. }, Shape::Tbf(rate, _, limit)) => *rate == UNLIMITED && *limit == queue.unwrap_or(*packet),
        (QdiscAct::Netem { place, netem, .. }, Shape::Netem(has_place, settings)) => place == has_place && settings.obey(netem),
        _ => false,
    }
}
