//! The page of a run in a real browser: it is opened, a verdict is chosen, values are read back, and nothing may be complained of.

use std::process::{Command, Stdio};

use libtest_mimic::{Failed, Trial};
use mplab::case::measure;
use mplab::report;
use serde_json::Value;

use crate::Scratch;
use crate::support::{trial, without};
use crate::synthetic::{expect, many, run, verdict};

/// What a browser may be called.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

pub(crate) fn trials() -> Vec<Trial> {
    let missing = BROWSERS.iter().all(|browser| without(&[browser]).is_some()).then(|| format!("not installed: {}", BROWSERS[0]));
    vec![
        trial("a_verdict_shows_its_window_and_the_plots_their_values", missing.clone(), a_verdict_shows_its_window),
        trial("nothing_overlaps_however_much_there_is", missing.clone(), nothing_overlaps),
        trial("a_complaint_of_the_browser_is_heard", missing, a_complaint_is_heard),
    ]
}

/// What a page did under a script: what the script left as JSON, and what the browser complained of.
struct Opened {
    left: Value,
    complaints: Vec<String>,
}

/// Opens a page with a script that runs when it is loaded, and sets `left`.
fn open(name: &str, page: &str, script: &str) -> Result<Opened, Failed> {
    let scratch = Scratch::new(name);
    let script = format!(
        "<script>addEventListener('load', () => {{ let left = null; {script}; const said = document.createElement('textarea'); said.id = 'left'; said.textContent = JSON.stringify(left); document.body.append(said); }});</script></body>"
    );
    let file = scratch.write("page.html", &page.replace("</body>", &script));
    let browser = BROWSERS.iter().find(|browser| without(&[browser]).is_none()).ok_or("no browser")?;
    let mut command = Command::new("timeout");
    command.args([
        "120",
        browser,
        "--headless",
        "--disable-gpu",
        "--hide-scrollbars",
        "--window-size=1400,1000",
        "--enable-logging=stderr",
        "--dump-dom",
    ]);
    // A browser's own sandbox does not work for root and in most containers; what it opens is ours.
    command.arg("--no-sandbox").arg(format!("--user-data-dir={}", scratch.0.join("profile").display()));
    let output = command.arg(format!("file://{}", file.display())).stdin(Stdio::null()).output()?;
    let (shown, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let left = shown.split_once("<textarea id=\"left\">").and_then(|(_, rest)| rest.split_once("</textarea>"));
    let left = left.ok_or_else(|| format!("the browser ended with {} and left nothing: {said}", output.status))?.0;
    let left = left.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&");
    let complaints = said.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    Ok(Opened { left: serde_json::from_str(&left)?, complaints })
}

fn a_verdict_shows_its_window() -> Result<(), Failed> {
    let mut run = run();
    expect(&mut run, "12s..20s", measure::Share("wlan".to_owned(), ">= 99%".parse()?));
    let page = report::page(&run, &verdict(&run), None);
    let opened = open(
        "page",
        &page,
        r"
        const row = document.querySelectorAll('.verdict')[1];
        row.click();
        const band = document.querySelector('#traffic0 .window'), area = document.querySelector('#traffic0 .area').getBoundingClientRect();
        const at = (id, part) => {
            const box = document.querySelector(`#${id} .area`).getBoundingClientRect();
            const event = new PointerEvent('pointermove', { clientX: box.left + box.width * part, clientY: box.top + 5, bubbles: true });
            document.querySelector(`#${id} .area`).dispatchEvent(event);
            return document.getElementById('tip').innerText;
        };
        left = {
            text: row.innerText, selected: row.getAttribute('aria-selected'), hash: location.hash,
            from: (band.getBoundingClientRect().left - area.left) / area.width, to: (band.getBoundingClientRect().right - area.left) / area.width,
            bands: document.querySelectorAll('.window').length, plots: document.querySelectorAll('.plot').length,
            alone: at('traffic0', 15 / 30.2), both: at('traffic0', 25 / 30.2), delivered: at('delivery', 30 / 30.2), rtt: at('rtt', 15 / 30.2), flight: at('flight', 15 / 30.2),
            fits: document.documentElement.scrollWidth <= innerWidth,
        };
        row.click();
        left.after = [row.getAttribute('aria-selected'), band.getAttribute('width'), location.hash];
        ",
    )?;
    assert!(opened.complaints.is_empty(), "{:?}", opened.complaints);
    let left = opened.left;
    let text = |key: &str| left[key].as_str().unwrap_or_default().to_owned();
    assert!(text("text").contains("share.wlan") && text("text").contains("100%"), "{left}");
    assert_eq!((text("selected").as_str(), text("hash").as_str()), ("true", "#v2"), "{left}");
    let near = |key: &str, wanted: f64| assert!((left[key].as_f64().unwrap_or(-1.0) - wanted).abs() < 0.004, "{key}: {left}");
    near("from", 12.0 / 30.2);
    near("to", 20.0 / 30.2);
    assert_eq!(left["bands"], left["plots"], "the window is in every plot");
    // What the run was made of: 95 and 36 Mbit/s.
    assert_eq!([value(&text("alone"), "ethernet"), value(&text("alone"), "wlan")], [Some(0.0), Some(36.0)], "{left}");
    let both = [value(&text("both"), "ethernet"), value(&text("both"), "wlan"), value(&text("both"), "all")];
    assert!(both.iter().zip([95.0, 36.0, 131.0]).all(|(seen, made)| seen.is_some_and(|seen| (seen - made).abs() < 0.6)), "{left}");
    let whole = run.transfers["download"].connections[0].down.as_ref().unwrap().received as f64 / 1e6;
    assert!(value(&text("delivered"), "connection 1 down").is_some_and(|seen| (seen - whole).abs() < whole / 100.0), "{left}");
    assert!(value(&text("rtt"), "10.0.2.1:40001").is_some_and(|seen| (seen - 17.3).abs() < 0.1), "{left}");
    assert!(value(&text("flight"), "10.0.2.1:40001").is_some_and(|seen| (seen - 14.5).abs() < 0.1), "{left}");
    assert_eq!(left["fits"], true, "the page is not wider than its window: {left}");
    assert_eq!(left["after"], serde_json::json!(["false", "0", ""]), "{left}");
    Ok(())
}

/// A page in a frame of its own width, which a window may not have.
fn framed(page: &str, width: u32) -> String {
    let page = page.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    format!("<!DOCTYPE html><body><iframe style=\"border:0;width:{width}px;height:3000px\" srcdoc=\"{page}\"></iframe></body>")
}

fn nothing_overlaps() -> Result<(), Failed> {
    let run = many();
    let page = report::page(&run, &verdict(&run), None);
    for width in [400, 1200] {
        let opened = open(
            &format!("many{width}"),
            &framed(&page, width),
            r"
            const page = document.querySelector('iframe').contentDocument, overlaps = [], leading = 6; // above and below the letters of a line
            const cross = (one, other) => one.left < other.right - 0.5 && other.left < one.right - 0.5 && one.top < other.bottom - leading && other.top < one.bottom - leading;
            for (const [what, root, labels] of [['topology', '.topology', 'text'], ['plot', '.plot', 'span:not(.tick)']])
                for (const part of page.querySelectorAll(root)) {
                    const shown = [...part.querySelectorAll(labels)].map((text) => [text.textContent, text.getBoundingClientRect()]).filter(([, box]) => box.width);
                    shown.forEach(([text, box], index) => shown.slice(index + 1).forEach(([other, its]) => { if (cross(box, its)) overlaps.push(`${what}: ${text} | ${other}`); }));
                }
            left = {
                width: page.documentElement.clientWidth, fits: page.documentElement.scrollWidth <= page.documentElement.clientWidth,
                curves: page.querySelectorAll('#flight .curve').length, rows: page.querySelectorAll('tr[data-group=subflows]').length, overlaps,
            };
            ",
        )?;
        assert!(opened.complaints.is_empty(), "{:?}", opened.complaints);
        assert_eq!(opened.left, serde_json::json!({ "width": width, "fits": true, "curves": 64, "rows": 64, "overlaps": [] }));
    }
    Ok(())
}

/// What the tip says of a curve.
fn value(tip: &str, name: &str) -> Option<f64> {
    let line = tip.lines().find(|line| line.contains(name))?;
    line.split(['\t', ' ', '\u{a0}']).rev().find_map(|word| word.parse().ok())
}

fn a_complaint_is_heard() -> Result<(), Failed> {
    let opened = open("complaint", "<!DOCTYPE html><body></body>", "left = 1; setTimeout(() => { throw new Error('broken') })")?;
    assert!(opened.complaints.iter().any(|line| line.contains("broken")), "{:?}", opened.complaints);
    Ok(())
}
