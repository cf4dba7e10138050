//! The documents: topology and case files, as written and as checked, and how mistakes in them are reported.
//! Text in, values out. Not here: what is done with the values.

pub mod case;
pub mod change;
pub mod diagnostic;
pub mod disk;
mod form;
pub mod schema;
mod toml;
pub mod topology;
mod traced;

/// Whether a document's text is a topology: it has links and does not name a topology, as a case does. A text that is neither counts as a case with
/// mistakes.
pub(crate) fn is_topology(text: &str) -> bool {
    let keys = || text.lines().map(|line| line.trim_start().trim_start_matches('[').trim_start());
    let named = |line: &str, key: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['.', '=', ']']));
    keys().any(|line| named(line, "link")) && !names_topology(text)
}

/// Whether a text names the topology that it is about, as a case does.
pub fn names_topology(text: &str) -> bool {
    let keys = text.lines().map(|line| line.trim_start().trim_start_matches('[').trim_start());
    keys.filter_map(|line| line.strip_prefix("topology")).any(|rest| rest.trim_start().starts_with(['.', '=', ']']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topology_has_links_and_a_case_names_its_topology() {
        for links in ["link.x.ends = []", "[link]\n", " [link.wlan]\nends = []", "link = {}"] {
            assert!(is_topology(links), "{links}");
            assert!(!is_topology(&format!("topology = \"two\"\n{links}")), "{links}");
        }
        for case in ["", "summary = \"a case without its topology\"", "# link.x", "linked = 1", "expect = [{ link = \"x\" }]"] {
            assert!(!is_topology(case), "{case}");
        }
    }
}
