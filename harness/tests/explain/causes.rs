//! One cause each, in a real lab of two cables.

use libtest_mimic::Failed;
use mplab::case::Subject;
use mplab::judge::explain::{Weight, explain};
use mplab::plan::{Job, Means};
use mplab::report::{self, Style};
use mplab::{case, local};

/// A thing that is in the way of a subflow over `laptop:wlan0`, and how the answer names it.
pub(crate) struct Cause {
    pub(crate) name: &'static str,
    /// What it has besides two cables, in TOML.
    lab: &'static str,
    /// What is different in that.
    topology: &'static str,
    /// More of the transfer.
    transfer: &'static str,
    /// The steps.
    steps: &'static str,
    /// How long the transfer lasts.
    lasts: &'static str,
    /// Which part of it is in question.
    during: &'static str,
    /// What the first line is about.
    topic: &'static str,
    /// What it says, among other things.
    says: &'static str,
}

/// What brings a subflow over the second cable if nothing is in the way.
const WORKS: &str = r#"
    host.laptop.mptcp.limits = { subflows = 2, add_addr_accepted = 2 }
    host.laptop.mptcp.endpoint = [{ interface = "wlan0", flags = ["subflow"] }]
    host.server.mptcp.limits = { subflows = 2, add_addr_accepted = 2 }
"#;

const fn cause(name: &'static str, topology: &'static str, topic: &'static str, says: &'static str) -> Cause {
    Cause { name, lab: "", topology, transfer: "", steps: "", lasts: "1s", during: "..1s", topic, says }
}

/// What brings a subflow from the server to an address that the client announces. An announcement that finds no room in a segment is sent again after
/// `add_addr_timeout` only (net/mptcp/pm.c).
const ANNOUNCES: &str = r#"
    host.laptop.sysctl.net.mptcp.add_addr_timeout = 1
    host.laptop.mptcp.limits = { subflows = 2, add_addr_accepted = 2 }
    host.laptop.mptcp.endpoint = [{ interface = "wlan0", flags = ["signal"], port = 6001 }]
    host.server.mptcp.limits = { subflows = 2, add_addr_accepted = 2 }
"#;

const fn announced(name: &'static str, topology: &'static str, topic: &'static str, says: &'static str) -> Cause {
    Cause { lab: ANNOUNCES, lasts: "3s", during: "..3s", ..cause(name, topology, topic, says) }
}

pub(crate) const CAUSES: &[Cause] = &[
    cause("nothing_is_in_the_way", WORKS, "", ""),
    cause(
        "the_server_s_limit",
        r#"
            host.laptop.mptcp.limits = { subflows = 2 }
            host.laptop.mptcp.endpoint = [{ interface = "wlan0", flags = ["subflow"] }]
            host.server.mptcp.limits = { subflows = 0 }
        "#,
        "limits of server",
        "subflows 0",
    ),
    Cause {
        steps: r#"{ at = "200ms", path_manager = { transfer = "upload", create = "wlan0", id = 2 } }"#,
        ..cause(
            "the_server_s_limit_for_what_a_program_asks",
            r#"
                host.laptop.mptcp = { path_manager = "userspace" }
                host.server.mptcp.limits = { subflows = 0 }
            "#,
            "limits of server",
            "and rejected 1",
        )
    },
    cause(
        "the_client_s_limit",
        r#"
            host.laptop.mptcp.limits = { subflows = 0 }
            host.laptop.mptcp.endpoint = [{ interface = "wlan0", flags = ["subflow"] }]
            host.server.mptcp.limits = { subflows = 2 }
        "#,
        "limits of laptop",
        "subflows 0",
    ),
    cause(
        "announcements_that_are_not_accepted",
        r#"
            host.laptop.mptcp.limits = { subflows = 2, add_addr_accepted = 0 }
            host.server.mptcp.limits = { subflows = 2 }
            host.server.mptcp.endpoint = [{ interface = "wlan0", flags = ["signal"] }]
        "#,
        "limits of laptop",
        "a connection received 1 announcements",
    ),
    cause(
        "no_endpoint",
        "
            host.laptop.mptcp.limits = { subflows = 2, add_addr_accepted = 2 }
            host.server.mptcp.limits = { subflows = 2 }
        ",
        "endpoints",
        "laptop has none; server has none",
    ),
    cause(
        "an_endpoint_that_is_not_signal",
        r#"
            host.laptop.mptcp.limits = { subflows = 2, add_addr_accepted = 2 }
            host.server.mptcp.limits = { subflows = 2 }
            host.server.mptcp.endpoint = [{ interface = "wlan0" }]
        "#,
        "endpoints",
        "is not `signal`",
    ),
    cause(
        "an_endpoint_of_the_client_that_is_signal_only",
        r#"
            host.laptop.mptcp.limits = { subflows = 2, add_addr_accepted = 2 }
            host.laptop.mptcp.endpoint = [{ interface = "wlan0", flags = ["signal"] }]
            host.server.mptcp.limits = { subflows = 2 }
        "#,
        "endpoints",
        "without `subflow`",
    ),
    cause(
        "the_initial_address_may_not_be_joined",
        r#"
            host.laptop.mptcp.limits = { subflows = 2, add_addr_accepted = 2 }
            host.laptop.mptcp.endpoint = [{ interface = "wlan0", flags = ["subflow"] }]
            host.server.mptcp.limits = { subflows = 2 }
            host.server.sysctl.net.mptcp.allow_join_initial_addr_port = 0
        "#,
        "first address of server",
        "allow_join_initial_addr_port = 0",
    ),
    cause(
        "a_path_manager_in_user_space",
        r#"
            host.laptop.mptcp = { path_manager = "userspace", endpoint = [{ interface = "wlan0", flags = ["subflow"] }] }
            host.server.mptcp.limits = { subflows = 2 }
        "#,
        "path manager of laptop",
        "in user space",
    ),
    Cause { transfer: r#"server_protocol = "tcp""#, ..cause("a_server_that_speaks_tcp", WORKS, "sockets of server", "speaks TCP") },
    Cause { transfer: r#"client_protocol = "tcp""#, ..cause("a_client_that_speaks_tcp", WORKS, "sockets of laptop", "speak TCP") },
    Cause {
        transfer: r#"server_protocol = "tcp""#,
        ..cause(
            "mptcp_switched_off",
            r#"
                host.laptop.mptcp.endpoint = [{ interface = "wlan0", flags = ["subflow"] }]
                host.server.mptcp.enabled = false
            "#,
            "MPTCP of server",
            "no MPTCP socket",
        )
    },
    cause(
        "a_firewall_that_drops_joins",
        r#"
            host.laptop.mptcp.endpoint = [{ interface = "wlan0", flags = ["subflow"] }]
            host.server.firewall = [{ drop = "mp-join" }]
        "#,
        "firewall of server",
        "mp-join was lost",
    ),
    cause(
        "a_firewall_that_drops_announcements",
        r#"
            host.laptop.mptcp.limits = { subflows = 2, add_addr_accepted = 2 }
            host.laptop.firewall = [{ drop = "add-addr" }]
            host.server.mptcp.endpoint = [{ interface = "wlan0", flags = ["signal"] }]
        "#,
        "firewall of laptop",
        "add-addr was lost",
    ),
    cause(
        "a_middlebox_that_strips_options",
        r#"
            host.laptop.mptcp.endpoint = [{ interface = "wlan0", flags = ["subflow"] }]
            host.server.firewall = [{ strip = "mptcp" }]
        "#,
        "firewall of server",
        "mp-capable was lost",
    ),
    cause(
        "a_route_that_ignores_the_source",
        r#"
            host.laptop.mptcp.endpoint = [{ address = "10.0.2.1", flags = ["subflow"] }]
            host.server.mptcp.limits = { subflows = 2 }
        "#,
        "routes by source",
        "leave by eth0",
    ),
    cause(
        "a_strict_reverse_path_filter",
        r#"
            host.laptop.mptcp.endpoint = [{ interface = "wlan0", flags = ["subflow"] }]
            host.server.sysctl.net.ipv4.conf.all.rp_filter = 1
            host.server.route = [{ to = "10.0.2.1/32", via = "10.0.1.1", interface = "eth0" }]
        "#,
        "rp_filter of server",
        "answers to 10.0.2.1 would leave by eth0",
    ),
    Cause { steps: r#"{ at = "0s", cut = "wlan" }"#, ..cause("a_cable_that_is_pulled", WORKS, "link wlan", "cut from 0s to the end") },
    cause(
        "a_backup",
        r#"
            host.laptop.mptcp.endpoint = [{ interface = "wlan0", flags = ["subflow", "backup"] }]
            host.server.mptcp.limits = { subflows = 2 }
        "#,
        "subflow over laptop:wlan0",
        "a backup",
    ),
    cause(
        "an_address_that_the_client_has_not",
        r#"
            host.laptop.mptcp.endpoint = [{ address = "10.0.2.9", flags = ["subflow"] }]
            host.server.mptcp.limits = { subflows = 2 }
        "#,
        "endpoints",
        "10.0.2.9 is not an address of laptop",
    ),
    Cause {
        steps: r#"{ at = "0s", cut = { link = "wlan", how = "admin", end = "laptop" } }, { at = "1s", restore = "wlan" }"#,
        lasts: "2500ms",
        during: "1500ms..2500ms",
        ..cause("an_interface_that_was_down_when_it_was_tried", WORKS, "join over laptop:wlan0", "was set down (0s to 1s)")
    },
    Cause {
        steps: r#"{ at = "0s", cut = "wlan" }, { at = "4s", restore = "wlan" }"#,
        lasts: "5500ms",
        during: "4500ms..5500ms",
        ..cause(
            "an_interface_that_had_no_carrier_when_it_was_tried",
            WORKS,
            "join over laptop:wlan0",
            "no carrier, or passed nothing (0s to 4s)",
        )
    },
    Cause {
        steps: r#"
            { at = "0s", cut = { link = "wlan", how = "admin", end = "laptop" } },
            { at = "500ms", restore = "wlan" },
            { at = "800ms", endpoint = { host = "laptop", remove = "wlan0" } },
            { at = "1s", endpoint = { host = "laptop", add = { interface = "wlan0", flags = ["subflow"] } } },
        "#,
        lasts: "2500ms",
        during: "1500ms..2500ms",
        ..cause("an_endpoint_that_was_removed_and_added_again", WORKS, "", "")
    },
    Cause {
        steps: r#"
            { at = "400ms", endpoint = { host = "laptop", remove = "eth0" } },
            { at = "800ms", endpoint = { host = "laptop", add = { interface = "eth0", flags = ["subflow"] } } },
        "#,
        lasts: "2500ms",
        during: "1500ms..2500ms",
        ..cause(
            "a_first_subflow_that_was_removed_and_counts_anew",
            r#"
                host.laptop.mptcp.limits = { subflows = 1 }
                host.laptop.mptcp.endpoint = [{ interface = "eth0", flags = ["subflow"] }, { interface = "wlan0", flags = ["subflow"] }]
                host.server.mptcp.limits = { subflows = 1 }
            "#,
            "limits of laptop",
            "its first subflow, over laptop:eth0, has ended",
        )
    },
    announced(
        "a_client_that_announces_without_a_port",
        r#"host.laptop.mptcp.endpoint = [{ interface = "wlan0", flags = ["signal"] }]"#,
        "endpoints",
        "without a port: the server joins it at the port that the connection came from, where nothing listens (server tried 1",
    ),
    announced("a_client_that_announces_with_a_port", "", "", ""),
    announced(
        "a_server_that_accepts_no_announcements",
        "host.server.mptcp.limits.add_addr_accepted = 0",
        "limits of server",
        "a connection received 1 announcements and may use 0",
    ),
    announced(
        "a_client_s_limit_that_rejects_what_it_announced",
        "host.laptop.mptcp.limits.subflows = 0",
        "limits of laptop",
        "and rejected 1",
    ),
    announced(
        "a_firewall_that_drops_the_client_s_announcements",
        r#"host.server.firewall = [{ drop = "add-addr" }]"#,
        "firewall of server",
        "add-addr was lost",
    ),
    Cause {
        steps: r#"{ at = "500ms", endpoint = { host = "laptop", add = { interface = "wlan0", flags = ["subflow"] } } }"#,
        lasts: "2s",
        during: "1s..2s",
        ..cause(
            "an_endpoint_that_was_added_beyond_the_limit",
            r"
                host.laptop.mptcp.limits = { subflows = 0 }
                host.server.mptcp.limits = { subflows = 2 }
            ",
            "limits of laptop",
            "may have no more",
        )
    },
];

/// A step that waits for its connection, which the case lets come later, has not been made late by the computer.
pub(crate) fn waiting(means: Means) -> Job {
    let cause = Cause {
        transfer: r#"start = "2s""#,
        steps: r#"{ at = "200ms", path_manager = { transfer = "upload", create = "wlan0", id = 2 } }"#,
        ..cause(
            "waiting",
            r#"
                host.laptop.mptcp = { path_manager = "userspace" }
                host.server.mptcp = { path_manager = "userspace" }
            "#,
            "",
            "",
        )
    };
    job(&cause, means)
}

/// Sees that the step waited, and that the lab was not called late for that.
pub(crate) fn waits(job: &Job) -> Result<(), Failed> {
    let recording = local::run(job, &mut |_| ())?;
    let [step] = recording.steps.as_slice() else { return Err("there is one step".into()) };
    let (waited, late) = (step.at - step.due, recording.lateness.step);
    if waited >= 1_700_000 && late < waited { Ok(()) } else { Err(format!("waited {waited}us, late {late}us").into()) }
}

/// The cause's lab and case.
pub(crate) fn job(cause: &Cause, means: Means) -> Job {
    let links = r#"
        [link.ethernet]
        ends = ["laptop:eth0", "server:eth0"]
        [link.wlan]
        ends = ["laptop:wlan0", "server:wlan0"]
    "#;
    let lab = format!("summary = \"two cables\"\n{}\n{links}", cause.lab);
    let text = format!(
        "summary = \"a cause\"\nstep = [{}]\n[topology]\nextends = \"it\"\n{}\n[transfer.upload]\nclient = \"laptop\"\nserver = \"server\"\n\
         duration = \"{}\"\nrate = \"200mbit\"\n{}\n",
        cause.steps, cause.topology, cause.lasts, cause.transfer
    );
    let parsed = case::check::parse("case.toml", &text, [("it", lab.as_str())].as_slice());
    let (checked, topology) = parsed.unwrap_or_else(|wrong| panic!("{}: {}", cause.name, wrong[0]));
    Job::plan(cause.name, topology, checked, means)
}

/// Runs the lab, and sees that the first line is the cause, and the only one.
pub(crate) fn is_named(cause: &Cause, job: &Job) -> Result<(), Failed> {
    let recording = local::run(job, &mut |_| ())?;
    let explanation = explain(&recording, &job.case, &Subject::Transfer("upload".into()), cause.during.parse().expect("a window"));
    let text = report::explanation(&explanation, Style::Plain);
    if std::env::var_os("MPLAB_SHOW").is_some() {
        println!("== {}\n{text}", cause.name);
    }
    let causes: Vec<_> = explanation.checks.iter().filter(|check| check.weight == Weight::Cause).collect();
    if cause.topic.is_empty() {
        return if causes.is_empty() { Ok(()) } else { Err(format!("there is nothing to blame:\n{text}").into()) };
    }
    match causes.as_slice() {
        [only] if only.topic == cause.topic && only.seen.contains(cause.says) && only.change.is_some() => Ok(()),
        _ => Err(format!("{} ({}) is the one cause:\n{text}", cause.topic, cause.says).into()),
    }
}
