//! A standing lab as two tables: its hosts with their addresses, and its links with their state.
//! Not here: what crosses it.

use std::collections::BTreeMap;

use super::{Colour, Style};
use crate::document::topology::Topology;
use crate::plan::{Choice, LinkState};
use crate::words::Network;

/// The hosts with their names in `ip netns`, and their interfaces with links and addresses.
pub fn hosts<'a>(topology: &Topology, named: impl Fn(&str) -> Option<&'a str>, style: Style) -> String {
    let mut rows = vec![["host", "namespace", "interface", "link", "addresses"].map(str::to_owned)];
    for (host, facts) in &topology.hosts {
        for (index, (name, interface)) in facts.interfaces.iter().enumerate() {
            let link = match (&interface.bond, &interface.vlan) {
                (Some(bond), _) => bond.interfaces.join("+"),
                (_, Some(vlan)) => format!("{} VLAN {}", interface.link, vlan.id),
                _ => interface.link.clone(),
            };
            let once = |text: &str| if index == 0 { text.to_owned() } else { String::new() };
            let addresses = interface.addresses.iter().map(Network::to_string).collect::<Vec<_>>().join(" ");
            rows.push([once(host), once(named(host).unwrap_or("-")), name.clone(), link, addresses]);
        }
    }
    table(&rows, style)
}

/// The links with their ends, engines, conditions, and cuts.
pub fn state(topology: &Topology, engines: &BTreeMap<String, Choice>, links: &BTreeMap<String, LinkState>, style: Style) -> String {
    let mut rows = vec![["link", "ends", "engine", "up", "down", "state"].map(str::to_owned)];
    for (name, state) in links {
        let Some(link) = topology.links.get(name) else { continue };
        let [first, second] = &link.ends;
        let engine = engines.get(name).map_or_else(String::new, |choice| choice.engine.to_string());
        let cuts: Vec<String> = state.cuts.iter().map(ToString::to_string).collect();
        let cut = if cuts.is_empty() { "whole".to_owned() } else { format!("cut: {}", cuts.join(", ")) };
        rows.push([name.clone(), format!("{first} - {second}"), engine, state.up.to_string(), state.down.to_string(), cut]);
    }
    table(&rows, style)
}

/// Rows as columns of words, the first row being their names.
fn table<const N: usize>(rows: &[[String; N]], style: Style) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let line = cells.join("  ");
        let line = line.trim_end();
        text += &if index == 0 { style.paint(Colour::Dim, line) } else { line.to_owned() };
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Forwarding, Job, links};

    #[test]
    fn a_lab_is_drawn_with_its_cuts_and_conditions() {
        let topology = r#"
            summary = "two hosts, two cables"
            [link]
            x = { ends = ["a:eth0", "b:eth0"], rate = "10mbit" }
            y = { ends = ["a:wlan0", "b:wlan0"] }
        "#;
        let topology = crate::document::topology::check::parse("x.toml", topology).unwrap_or_else(|wrong| panic!("{wrong}"));
        let case = r#"
            summary = "cut in two ways"
            topology = "it"
            step = [
                { at = "2s", shape = { link = "x", up = { rate = "5mbit" } } },
                { at = "1s", cut = { link = "y", how = "blackhole", direction = "up" } },
                { at = "3s", cut = { link = "y", how = "carrier", end = "a" } },
            ]
        "#;
        let case = crate::document::case::check::parse_for(&topology, "case.toml", case).unwrap_or_else(|wrong| panic!("{wrong}"));
        let job = Job::plan("it", topology, case, Forwarding::Redirect);
        assert_eq!(
            state(&job.topology, &job.engines, &links(&job.topology, &job.case.steps), Style::Plain),
            "link  ends               engine  up            down          state\n\
             x     a:eth0 - b:eth0    kernel  rate 5mbit    rate 10mbit   whole\n\
             y     a:wlan0 - b:wlan0  kernel  a bare cable  a bare cable  cut: blackhole up, carrier at a:wlan0\n"
        );
        assert_eq!(
            hosts(&job.topology, |host| (host == "a").then_some("it-a"), Style::Plain),
            "host  namespace  interface  link  addresses\n\
             a     it-a       eth0       x     10.0.1.1/24\n\
             \x20                wlan0      y     10.0.2.1/24\n\
             b     -          eth0       x     10.0.1.2/24\n\
             \x20                wlan0      y     10.0.2.2/24\n"
        );
    }
}
