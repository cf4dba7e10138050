//! What makes a link, and why; and the queue that a rate has by itself.

use rstest::rstest;

use crate::document::case;
use crate::plan::{Act, Choice, Forwarding, Job, Means, QdiscAct, RelayAct};
use crate::words::shape::Limit;
use crate::words::{Engine, Size};

/// A kernel that has all of netem.
fn all() -> Means {
    Means::from(Forwarding::Redirect)
}

/// One that has no netem.
fn none() -> Means {
    Means { delays: Engine::Relay, ..all() }
}

/// One whose netem duplicates no packets before another netem.
fn no_pairs() -> Means {
    Means { pairs: false, ..all() }
}

/// The plan of two hosts, a link that has these conditions, and a step that gives it others.
fn plan(conditions: &str, step: &str, means: Means) -> Job {
    let topology = format!("summary = \"two\"\n[link.x]\nends = [\"a:x\", \"b:x\"]\n{conditions}");
    let step = if step.is_empty() { String::new() } else { format!("step = [{{ at = \"1s\", shape = {{ link = \"x\", {step} }} }}]") };
    let case = format!(
        "summary = \"one\"\ntopology = \"two\"\ntransfer.t = {{ client = \"a\", server = \"b\", duration = \"2s\" }}\n{step}\nexpect = [{{ transfer = \"t\", intact = true }}]"
    );
    let parsed = case::check::parse("case.toml", &case, [("two", topology.as_str())].as_slice());
    let (case, topology) = parsed.unwrap_or_else(|wrong| panic!("{}", wrong[0]));
    Job::plan("test", topology, case, means)
}

#[rstest]
#[case("", "", all(), Engine::Kernel, "nothing is asked for")]
#[case("", "", none(), Engine::Kernel, "nothing is asked for")]
#[case("rate = \"10mbit\"", "", all(), Engine::Kernel, "only a rate is asked for")]
#[case("down = { rate = \"10mbit\", limit = \"64k\" }", "", none(), Engine::Kernel, "only a rate is asked for")]
#[case("", "rate = \"10mbit\"", none(), Engine::Kernel, "only a rate is asked for")]
#[case("rate = \"10mbit\"\nlimit = 50", "", all(), Engine::Netem, "more than a rate is asked for, and the kernel has netem")]
#[case("delay = \"1ms\"", "", all(), Engine::Netem, "more than a rate is asked for, and the kernel has netem")]
#[case("rate = \"10mbit\"", "delay = \"1ms\"", all(), Engine::Netem, "more than a rate is asked for, and the kernel has netem")]
#[case("delay = \"1ms\"", "", none(), Engine::Relay, "more than a rate is asked for, and the kernel has no netem")]
#[case("", "down = { loss = \"1%\" }", none(), Engine::Relay, "more than a rate is asked for, and the kernel has no netem")]
#[case("rate = \"10mbit\"\nlimit = \"64k\"\ndelay = \"1ms\"", "", all(), Engine::Relay, "netem counts its queue in packets, not in bytes")]
#[case("rate = \"10mbit\"\nqueue = \"codel\"", "", all(), Engine::Relay, "netem's queue is kept by its limit alone")]
#[case("loss = { every = 9 }", "", all(), Engine::Relay, "netem does not know packets by their numbers")]
#[case("", "loss = { numbers = [7] }", all(), Engine::Relay, "netem does not know packets by their numbers")]
#[case("steps = [{ at = \"1s\", rate = \"1mbit\" }]", "", all(), Engine::Relay, "netem takes no steps of its own")]
#[case(
    "delay = \"3s\"\njitter = { amount = \"2.5s\", distribution = \"normal\" }",
    "",
    all(),
    Engine::Relay,
    "netem's jitter ends at 2.147s"
)]
#[case("delay = \"90ms\"\njitter = \"50ms\"", "", all(), Engine::Netem, "more than a rate is asked for, and the kernel has netem")]
#[case("delay = \"90ms\"\njitter = \"51ms\"", "", all(), Engine::Relay, "netem does not spread so large a jitter evenly")]
#[case(
    "delay = \"9ms\"\njitter = { amount = \"1ms\", correlation = \"9%\" }",
    "",
    all(),
    Engine::Relay,
    "netem's delays are not correlated, whatever it is told"
)]
#[case("delay = \"1ms\"\nduplicate = \"1%\"", "", no_pairs(), Engine::Netem, "more than a rate is asked for, and the kernel has netem")]
#[case(
    "delay = \"1ms\"\nduplicate = \"1%\"",
    "rate = \"1mbit\"",
    no_pairs(),
    Engine::Relay,
    "this kernel's netem does not duplicate packets before a queue"
)]
#[case("engine = \"relay\"", "", all(), Engine::Relay, "the topology says so")]
#[case("engine = \"netem\"\nrate = \"10mbit\"", "", none(), Engine::Netem, "the topology says so")]
#[case("engine = \"kernel\"", "", all(), Engine::Kernel, "the topology says so")]
fn the_least_that_does_it_makes_a_link(
    #[case] conditions: &str,
    #[case] step: &str,
    #[case] means: Means,
    #[case] engine: Engine,
    #[case] why: &str,
) {
    assert_eq!(plan(conditions, step, means).engines["x"], Choice { engine, why: why.to_owned() });
}

/// A frame has 1514 bytes, and 30 of them are the least.
#[rstest]
#[case("rate = \"80mbit\"", 500_000)]
#[case("rate = \"1mbit\"", 45_420)]
#[case("rate = \"80mbit\"\nlimit = \"64k\"", 65_536)]
#[case("rate = \"16mbit\"\nsteps = [{ at = \"1s\", rate = \"80mbit\" }, { at = \"2s\", rate = \"8mbit\" }]", 500_000)]
#[case("steps = [{ at = \"1s\", rate = \"16mbit\" }]", 100_000)]
fn a_queue_holds_50_ms_if_the_file_does_not_say(#[case] conditions: &str, #[case] bytes: u64) {
    let job = plan(&format!("engine = \"relay\"\n{conditions}"), "", all());
    let limit = job.setup.iter().find_map(|op| if let Act::Relay(RelayAct::Relay { up, .. }) = &op.act { up.limit } else { None });
    assert_eq!(limit, Some(Limit::Bytes(Size(bytes))));
}

#[test]
fn slots_come_behind_the_rate() {
    let conditions = "engine = \"netem\"\nrate = \"8mbit\"\ndelay = \"1ms\"\nup = { slot = { min = \"20ms\", packets = 5 } }";
    let netem = |act: &Act| {
        if let Act::Qdisc(QdiscAct::Netem { netem, .. }) = act { Some((netem.rate.is_some(), netem.slot.is_some())) } else { None }
    };
    let netems: Vec<_> = plan(conditions, "", all()).setup.iter().filter_map(|op| netem(&op.act)).collect();
    assert_eq!(netems, [(false, false), (true, true), (false, false), (true, false)]);
}
