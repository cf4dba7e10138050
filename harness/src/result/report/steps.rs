//! The steps of a run in words.
//! Not here: the commands they are made of.

use crate::document::case::{Action, Command, EndpointChange, How};
use crate::result::recording::Recording;
use crate::words::{End, Time};

/// A step in words: `cut wlan (carrier)`, `restore wlan`.
pub fn action(action: &Action) -> String {
    match action {
        Action::Restore(link) => format!("restore {link}"),
        Action::Shape(to) => {
            let conditions = if to.up == to.down { to.up.to_string() } else { format!("up {}, down {}", to.up, to.down) };
            let over = if to.over > Time::ZERO { format!(" over {}", to.over) } else { String::new() };
            format!("shape {} ({conditions}){over}", to.link)
        }
        Action::Firewall { host, rules } if rules.is_empty() => format!("firewall of {host}: off"),
        Action::Firewall { host, rules } => {
            let rules: Vec<_> = rules.iter().map(ToString::to_string).collect();
            format!("firewall of {host}: {}", rules.join("; "))
        }
        Action::Process(verb, name) => format!("{} {name}", verb.key()),
        Action::Endpoint { host, change } => match change {
            EndpointChange::Add(endpoint) => format!("endpoint of {host}: add {}", endpoint.address),
            EndpointChange::Remove(address) => format!("endpoint of {host}: remove {address}"),
            EndpointChange::Change(address, flags) => {
                let flags: Vec<_> = flags.iter().map(ToString::to_string).collect();
                format!("endpoint of {host}: change {address} ({})", flags.join(", "))
            }
            EndpointChange::Flush => format!("endpoints of {host}: flush"),
        },
        Action::Limits { host, subflows, add_addr_accepted } => {
            let limit = |name: &str, limit: &Option<u32>| limit.map(|limit| format!(" {name} {limit}")).unwrap_or_default();
            format!("limits of {host}:{}{}", limit("subflows", subflows), limit("add_addr_accepted", add_addr_accepted))
        }
        Action::PathManager { host, transfer, command } => format!("path manager of {host}: {} ({transfer})", told(command)),
        Action::Cut(cut) => format!("cut {} ({})", cut.link, how(&cut.how)),
    }
}

fn told(command: &Command) -> String {
    match command {
        Command::Announce { address, id, .. } => format!("announce {address} as {id}"),
        Command::Remove { id } => format!("remove {id}"),
        Command::Create { address, to, .. } => format!("create a subflow from {address} to {to}"),
        Command::Destroy { address } => format!("destroy the subflow from {address}"),
        Command::Backup { address, on: true } => format!("make the subflow from {address} a backup"),
        Command::Backup { address, on: false } => format!("make the subflow from {address} no backup"),
    }
}

pub(super) fn how(how: &How) -> String {
    let at = |word: &str, ends: &[End]| match ends {
        [end] => format!("{word} at {end}"),
        _ => word.to_owned(),
    };
    match how {
        How::Carrier(ends) => at("carrier", ends),
        How::Admin(ends) => at("admin", ends),
        How::Blackhole { up: true, down: false } => "blackhole up".to_owned(),
        How::Blackhole { up: false, down: true } => "blackhole down".to_owned(),
        How::Blackhole { .. } => "blackhole".to_owned(),
    }
}

/// The steps that were taken, with the time at which they had been.
pub(super) fn taken(recording: &Recording) -> Vec<(u64, String)> {
    let planned = &recording.job.case.steps;
    let text = |index: usize, lines: &[String]| planned.get(index).map_or_else(|| lines.join("; "), |step| action(&step.action));
    recording.steps.iter().enumerate().map(|(index, step)| (step.at, text(index, &step.lines))).collect()
}
