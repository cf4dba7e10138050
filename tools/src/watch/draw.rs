//! The picture on a screen of any size: links with bars and sparklines, subflows, steps, the verdict.
//! Not here: what is in the picture, and the terminal. Colours only add to the text: none carries a meaning alone.

use mplab::words::terminal::visible;
use mplab::words::{Time, Window};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Row, Sparkline, Table};

use super::picture::{LinkView, Picture, SubflowView};

/// The colours of the links, in their order, as in mplab's other drawings.
const COLOURS: [Color; 6] = [Color::Blue, Color::Yellow, Color::Green, Color::Red, Color::Magenta, Color::Cyan];
/// Eighths of a character.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// The longest link name that is shown in full.
const NAME: usize = 16;
/// The width of a bar.
const BAR: usize = 20;

/// What else is on the screen, around the picture.
#[derive(Default)]
pub(super) struct Around {
    pub(super) colours: bool,
    /// The state of the run, in the right corner.
    pub(super) state: String,
    /// The link that keys act on.
    pub(super) selected: Option<usize>,
    /// The last line: keys, a message, or what is being typed.
    pub(super) foot: String,
}

impl Around {
    fn colour(&self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }
}

/// Draws the whole screen.
pub(super) fn draw(frame: &mut Frame<'_>, picture: &Picture, around: &Around) {
    let area = frame.area();
    let below = picture.verdict.as_ref().map_or(picture.steps.len() + picture.told.len(), |verdict| verdict.findings.len());
    let below = if below == 0 { 0 } else { (below + 1).min((area.height / 3).max(4).into()) as u16 };
    let subflows = if picture.subflows.is_empty() { 2 } else { picture.subflows.len() as u16 + 1 };
    let room = area.height.saturating_sub(3 + below);
    // Subflows always get a third of the room.
    let links = (links_height(picture, room.saturating_sub(subflows.min(room / 3)))).min(room);
    let rows =
        [Constraint::Length(1), Constraint::Length(links + 1), Constraint::Fill(1), Constraint::Length(below), Constraint::Length(1)];
    let [head, middle, flows, bottom, foot] = Layout::vertical(rows).areas(area);
    let time = format!("{:.1}s  {}", Time::from_micros(picture.at).seconds(), around.state);
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(time.chars().count() as u16)]).areas(head);
    let title = shortened(&picture.title, usize::from(left.width).saturating_sub(2));
    frame.render_widget(Line::styled(title, Style::new().add_modifier(Modifier::BOLD)), left);
    frame.render_widget(Line::raw(text(&time)), right);
    draw_links(frame, picture, around, middle);
    draw_subflows(frame, &picture.subflows, flows);
    match &picture.verdict {
        Some(verdict) => draw_verdict(frame, verdict, around, bottom),
        None => draw_steps(frame, picture, bottom),
    }
    frame.render_widget(Line::raw(text(&around.foot)), foot);
}

/// Any text, made safe to show in one line of the screen.
fn text(text: &str) -> String {
    visible(text).replace(['\n', '\t'], " ")
}

fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

/// The number of lines for the links: two per link if there is room.
fn links_height(picture: &Picture, room: u16) -> u16 {
    let links = picture.links.len() as u16;
    if 2 * links < room { 2 * links } else { links.min(room.saturating_sub(1)) }
}

fn draw_links(frame: &mut Frame<'_>, picture: &Picture, around: &Around, area: Rect) {
    let width = picture.links.iter().map(|link| link.name.chars().count()).max().unwrap_or_default().clamp(4, NAME);
    let each = if usize::from(area.height) > 2 * picture.links.len() { 2 } else { 1 };
    let fitting = usize::from(area.height.saturating_sub(1)) / each;
    // The selected link is always shown.
    let first = around.selected.map_or(0, |selected| (selected + 1).saturating_sub(fitting));
    let hidden = picture.links.len().saturating_sub(fitting);
    let more = if hidden > 0 { format!("   ({hidden} more)") } else { String::new() };
    let title = format!("  {:width$}   {:>9}  {:BAR$}  over time{more}", "link", "Mbit/s", "now");
    frame.render_widget(Line::styled(title, dim()), Rect { height: 1.min(area.height), ..area });
    for (place, (number, link)) in picture.links.iter().enumerate().skip(first).take(fitting).enumerate() {
        let colour = around.colour(COLOURS[number % COLOURS.len()]);
        let selected = around.selected == Some(number);
        for line in 0..each {
            let row = Rect { y: area.y + 1 + (place * each + line) as u16, height: 1, ..area };
            let way = (each == 2).then_some(line);
            draw_link(frame, link, way, if line == 0 { Some(selected) } else { None }, width, colour, around, row);
        }
    }
}

/// A line of a link, for one direction or for both together.
#[allow(clippy::too_many_arguments, reason = "all of it is where and how to draw one line")]
fn draw_link(
    frame: &mut Frame<'_>,
    link: &LinkView,
    way: Option<usize>,
    first: Option<bool>,
    width: usize,
    colour: Style,
    around: &Around,
    row: Rect,
) {
    let of = |speeds: &[u64; 2]| way.map_or(speeds[0] + speeds[1], |way| speeds[way]);
    let full = link.full.max(1) * if way.is_none() { 2 } else { 1 };
    let speed = of(&link.now());
    let (mark, name) = match first {
        Some(selected) => (if selected { "> " } else { "  " }, shortened(&link.name, width)),
        None if link.cut.is_empty() => ("  ", String::new()),
        None => ("  ", shortened("CUT", width)),
    };
    let arrow = way.map_or("⇅", |way| ["↑", "↓"][way]);
    let bold = if first == Some(true) { Modifier::BOLD } else { Modifier::empty() };
    let spans = [
        Span::styled(format!("{mark}{name:width$}"), colour.add_modifier(bold)),
        Span::raw(format!(" {arrow} {:>9}  ", mbits(speed))),
        Span::styled(bar(speed as f64 / full as f64), colour),
    ];
    let used = 2 + width + 3 + 9 + 2 + BAR + 2;
    frame.render_widget(Line::from_iter(spans), row);
    let mut rest = Rect { x: row.x + (used as u16).min(row.width), width: row.width.saturating_sub(used as u16), ..row };
    if first.is_some() && !link.cut.is_empty() {
        let words = text(&format!("cut: {} ", link.cut));
        let width = (words.chars().count() as u16).min(rest.width);
        let alarm = around.colour(Color::Red).add_modifier(Modifier::BOLD | Modifier::REVERSED);
        frame.render_widget(Line::styled(words, alarm), Rect { width, ..rest });
        rest = Rect { x: rest.x + width, width: rest.width - width, ..rest };
    }
    let newest = link.speeds.iter().rev().take(rest.width.into()).map(of).collect::<Vec<_>>();
    let newest: Vec<u64> = newest.into_iter().rev().collect();
    frame.render_widget(Sparkline::default().data(newest).max(full).style(colour), rest);
}

fn shortened(name: &str, width: usize) -> String {
    let name = text(name);
    if name.chars().count() <= width { name } else { name.chars().take(width.saturating_sub(1)).chain(['…']).collect() }
}

fn bar(part: f64) -> String {
    let eighths = (part.clamp(0.0, 1.0) * (BAR * 8) as f64).round() as usize;
    let bar = "█".repeat(eighths / 8) + EIGHTHS[eighths % 8];
    format!("{bar:BAR$}")
}

/// A speed in Mbit/s.
pub(super) fn mbits(bits: u64) -> String {
    format!("{:.2}", bits as f64 / 1e6)
}

fn draw_subflows(frame: &mut Frame<'_>, subflows: &[SubflowView], area: Rect) {
    if area.height == 0 {
        return;
    }
    if subflows.is_empty() {
        return frame.render_widget(Line::styled("no subflow now", dim()), Rect { height: 1, ..area });
    }
    let fitting = usize::from(area.height.saturating_sub(1));
    let hidden = subflows.len().saturating_sub(fitting);
    let more = if hidden > 0 { format!("subflows ({hidden} more)") } else { "subflows".to_owned() };
    let wide = area.width >= 120;
    let ends = subflows.iter().map(|subflow| subflow.from.chars().count().max(subflow.to.chars().count())).max().unwrap_or_default();
    let end = (ends as u16).clamp(18, if wide { 40 } else { 18 });
    let mut widths = [end, end, 9, 9, 5, 7, 8].map(Constraint::Length).to_vec();
    let mut names = vec![more.as_str(), "to", "   Mbit/s", "      RTT", " cwnd", "retrans", "state"];
    if wide {
        widths.extend([5, 6, 9].map(Constraint::Length));
        names.extend([" port", "  port", "flags"]);
    }
    let number = |text: String, width: usize| format!("{text:>width$}");
    let port = |address: &str| address.rsplit_once(':').map_or_else(String::new, |(_, port)| number(port.to_owned(), 5));
    let row = |subflow: &SubflowView| {
        let seen = &subflow.seen;
        let state = match (seen.established, seen.backup()) {
            (false, _) => "not up",
            (true, true) => "backup",
            (true, false) => "up",
        };
        let mut cells = vec![
            text(&subflow.from),
            text(&subflow.to),
            number(mbits(subflow.speed), 9),
            number(format!("{:.1}ms", seen.rtt as f64 / 1e3), 9),
            number(seen.cwnd.to_string(), 5),
            number(seen.retransmits.to_string(), 7),
            state.to_owned(),
        ];
        if wide {
            cells.extend([port(&seen.local), number(port(&seen.remote), 6), text(&seen.flags)]);
        }
        Row::new(cells)
    };
    let table = Table::new(subflows.iter().take(fitting).map(row), widths).header(Row::new(names).style(dim())).column_spacing(1);
    frame.render_widget(table, area);
}

/// The latest steps and kernel notices in the order of time, and the next step.
fn draw_steps(frame: &mut Frame<'_>, picture: &Picture, area: Rect) {
    let room = usize::from(area.height.saturating_sub(1));
    let past = picture.happened();
    let to_come = picture.steps.iter().filter(|step| step.taken.is_none());
    let all = past.len() + to_come.clone().count();
    let first = (past.len() + 1).saturating_sub(room).min(all.saturating_sub(room));
    let line = |mark: &str, at: &str, words: &str, style| Line::styled(format!("{mark} {at:>8}  {}", text(words)), style);
    let seconds = |at: u64| format!("{:.2}s", Time::from_micros(at).seconds());
    let past = past.iter().map(|one| line(one.mark, &seconds(one.at), one.words, Style::new()));
    let lines = past.chain(to_come.map(|step| line(" ", &step.due, &step.words, dim())));
    let heading = if picture.told.is_empty() { "steps" } else { "steps (•) and kernel notices (△)" };
    frame.render_widget(
        Paragraph::new(std::iter::once(Line::styled(heading, dim())).chain(lines.skip(first).take(room)).collect::<Vec<_>>()),
        area,
    );
}

/// The findings of the verdict, with those that speak against the run first if not all fit.
fn draw_verdict(frame: &mut Frame<'_>, verdict: &mplab::judge::Verdict, around: &Around, area: Rect) {
    let room = usize::from(area.height.saturating_sub(1));
    let mut findings: Vec<_> = verdict.findings.iter().collect();
    let hidden = findings.len().saturating_sub(room);
    if hidden > 0 {
        findings.sort_by_key(|finding| !finding.condemns());
    }
    let more = if hidden > 0 { format!(" ({hidden} more)") } else { String::new() };
    let mut lines = vec![Line::from_iter([
        Span::styled("verdict: ", dim()),
        Span::styled(verdict.outcome.to_string(), ending(verdict, around).add_modifier(Modifier::BOLD)),
        Span::styled(more, dim()),
    ])];
    let width = findings.iter().map(|finding| finding.to_string().chars().count()).max().unwrap_or_default();
    for finding in findings.into_iter().take(room) {
        let (word, colour) = if finding.condemns() { ("FAIL", Color::Red) } else { ("ok  ", Color::Green) };
        let window = if finding.window == Window::default() { String::new() } else { format!("  in {}", finding.window) };
        lines.push(Line::from_iter([
            Span::styled(word, around.colour(colour).add_modifier(Modifier::BOLD)),
            Span::raw(text(&format!("  {:width$}  {}{window}", finding.to_string(), finding.measured))),
        ]));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn ending(verdict: &mplab::judge::Verdict, around: &Around) -> Style {
    around.colour(match verdict.outcome {
        mplab::judge::Outcome::Passed => Color::Green,
        mplab::judge::Outcome::Failed => Color::Red,
        mplab::judge::Outcome::Disturbed => Color::Yellow,
    })
}

#[cfg(test)]
mod tests {
    use super::super::picture::StepView;
    use super::super::picture::tests::{moment, picture};
    use super::*;
    use mplab::case::Subject;
    use mplab::judge::{Finding, Outcome, Verdict};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    /// The screen as lines.
    fn drawn(picture: &Picture, around: &Around, width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let frame = terminal.draw(|frame| draw(frame, picture, around)).unwrap();
        let row = |y| (0..width).map(|x| frame.buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..height).map(row).collect()
    }

    fn seen() -> Picture {
        let mut picture = picture();
        picture.see(&moment(0, 0, 0));
        picture.see(&moment(200_000, 100_000, 1_000));
        picture.links[1].cut = "carrier".into();
        picture.steps.push(StepView { taken: Some(150_000), due: String::new(), words: "cut wlan: \u{1b}[2J".into() });
        picture
    }

    #[test]
    fn everything_has_its_place() {
        let around = Around { state: "running".into(), selected: Some(0), foot: "keys".into(), ..Around::default() };
        let screen = drawn(&seen(), &around, 80, 14);
        let wanted = [
            "a case                                                             0.2s  running",
            "  link          Mbit/s  now                   over time",
            "> ethernet ↑      0.04  ▏",
            "           ↓      4.00  ██████████            ▄",
            "  wlan     ↑      0.08  ▎                     cut: carrier",
            "  CUT      ↓      8.00  ████████████████████  █",
            "subflows           to                    Mbit/s       RTT  cwnd retrans state",
            "a:eth0             b:eth0                  4.00    21.5ms    44       3 backup",
        ];
        assert_eq!(screen[..wanted.len()], wanted, "{}", screen.join("\n"));
        assert_eq!(screen[11..], ["steps", "•    0.15s  cut wlan: ␛[2J", "keys"], "{}", screen.join("\n"));
    }

    #[test]
    fn no_size_is_too_small_and_the_selected_link_is_shown() {
        let around = Around { selected: Some(1), foot: "keys".into(), ..Around::default() };
        for (width, height) in [(1, 1), (7, 2), (20, 5), (80, 24), (200, 60)] {
            drawn(&seen(), &around, width, height);
        }
        let mut many = seen();
        many.steps.clear();
        let screen = drawn(&many, &around, 80, 6).join("\n");
        assert!(screen.contains("> wlan"), "{screen}");
    }

    #[test]
    fn a_verdict_says_in_words_what_failed() {
        let finding = |key: &str, held| Finding {
            subject: Subject::Transfer("t".into()),
            key: key.into(),
            item: None,
            constraint: "= 1".into(),
            measured: "2".into(),
            window: Window::default(),
            held,
            must_fail: false,
            implicit: false,
            why: None,
        };
        let mut picture = seen();
        let findings = (0..30).map(|number| finding(&format!("k{number}"), number != 29)).collect();
        picture.verdict = Some(Verdict { outcome: Outcome::Failed, findings, unexpectedly_held: Vec::new(), disturbance: None });
        let screen = drawn(&picture, &Around::default(), 80, 24).join("\n");
        assert!(screen.contains("verdict: failed (23 more)\nFAIL  t: k29 = 1"), "{screen}");
    }
}
