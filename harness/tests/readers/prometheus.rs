//! OpenMetrics in a real Prometheus: promtool makes blocks of it, and a query gives the share that the judge gives.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use mplab::case::measure;
use mplab::report;

use crate::support::{trial, without};
use crate::synthetic::{finding, run};
use crate::{Scratch, said};

/// How long Prometheus may take to start.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("a_query_of_prometheus_gives_the_judges_share", without(&["prometheus", "promtool"]), a_query_gives_the_share)]
}

/// A server that ends with it.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn a_query_gives_the_share() -> Result<(), Failed> {
    let run = run();
    let scratch = Scratch::new("prometheus");
    let text = scratch.write("run.om", &report::openmetrics([&run]));
    let data = scratch.0.join("data");
    said(Command::new("promtool").args(["tsdb", "create-blocks-from", "openmetrics"]).args([&text, &data]))?;
    let config = scratch.write("prometheus.yml", "global: {}\n");
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let mut command = Command::new("prometheus");
    command.arg(format!("--storage.tsdb.path={}", data.display())).arg(format!("--config.file={}", config.display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}")).args(["--storage.tsdb.retention.time=100y", "--log.level=error"]);
    let mut server = Server(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    let begun = Instant::now();
    while !ready(port) {
        assert!(begun.elapsed() < DEADLINE, "Prometheus does not start");
        assert!(server.0.try_wait()?.is_none(), "Prometheus has ended");
        thread::sleep(Duration::from_millis(50));
    }
    // As the documents have it.
    let carried = |links: &str| {
        let bytes = format!("mplab_interface_rx_bytes_total{{host=\"laptop\",{links}}}");
        format!("sum({bytes} @ {} - {bytes} @ {})", report::START + 15, report::START + 5)
    };
    let query = format!("100 * {} / {}", carried("link=\"wlan\""), carried("link!=\"\""));
    let told = said(Command::new("promtool").args(["query", "instant", &format!("http://127.0.0.1:{port}"), &query]))?;
    let share = told.split("=> ").nth(1).and_then(|rest| rest.split(' ').next()).and_then(|number| number.parse::<f64>().ok());
    let judged = finding(&run, "5s..15s", measure::Share("wlan".to_owned(), ">= 0%".parse()?)).measured;
    let judged: f64 = judged.trim_end_matches('%').parse()?;
    assert!((40.0..45.0).contains(&judged), "{judged}");
    // Every picture of the dashboard has something to show.
    let dashboard: serde_json::Value = serde_json::from_str(include_str!("../../../docs/grafana.json"))?;
    for panel in dashboard["panels"].as_array().ok_or("panels")? {
        for target in panel["targets"].as_array().ok_or("targets")? {
            let query = target["expr"].as_str().ok_or("a query")?.replace("$case", &run.job.name).replace("$host", "laptop");
            let at = (report::START + 8).to_string();
            let server = format!("http://127.0.0.1:{port}");
            let told = said(Command::new("promtool").args(["query", "instant", "--time", &at, &server, &query]))?;
            assert!(told.contains("=> "), "{}: nothing of {query}", panel["title"]);
        }
    }
    assert!(share.is_some_and(|share| (share - judged).abs() < 0.06), "the judge says {judged}, Prometheus {told}");
    Ok(())
}

fn ready(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let mut answer = String::new();
    let asked = stream.write_all(b"GET /-/ready HTTP/1.0\r\n\r\n").and_then(|()| stream.read_to_string(&mut answer));
    asked.is_ok() && answer.split(' ').nth(1) == Some("200")
}
