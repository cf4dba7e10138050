//! What was measured as a page of the documents: a table for each measure, a row for each link, a column for each place.
//! Not here: whether it is right.

use std::collections::BTreeMap;
use std::fmt::Write;

/// The measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    OneWay,
    RoundTrip,
    Rate,
    Queue,
    Jitter,
    Loss,
}

impl Table {
    const ALL: [Self; 6] = [Self::OneWay, Self::RoundTrip, Self::Rate, Self::Queue, Self::Jitter, Self::Loss];

    const fn title(self) -> &'static str {
        match self {
            Self::OneWay => "Delay, one way",
            Self::RoundTrip => "Delay, round trip",
            Self::Rate => "Rate",
            Self::Queue => "Queue",
            Self::Jitter => "Jitter",
            Self::Loss => "Loss",
        }
    }

    const fn meaning(self, exact: bool) -> &'static str {
        match (self, exact) {
            (Self::OneWay | Self::RoundTrip, true) => {
                "Milliseconds beyond what the file asks for: mean / 99th percentile. With a rate, the transmission time of the frame is \
                 part of what the file asks for."
            }
            (Self::OneWay | Self::RoundTrip, false) => "Milliseconds beyond what the file asks for: minimum / median.",
            (Self::Rate, _) => {
                "The fraction of its rate that a link carries while half as much again is sent. In parentheses, what it carries where the \
                 place itself cannot send that much: the CPU of a QEMU guest executes 250 million instructions a second."
            }
            (Self::Queue, _) => "Milliseconds: the longest time that a frame waited / the time that sending a full queue takes.",
            (Self::Jitter, _) => {
                "Milliseconds: the difference of the mean from the delay / the average difference of 1000 sorted delays from those of the \
                 distribution."
            }
            (Self::Loss, _) => "The fraction of 2000 frames that was lost.",
        }
    }
}

/// What a place did with each link: cells by the link's name and the table.
pub(crate) type Column = BTreeMap<(String, Table), String>;

/// A place.
pub(crate) struct PlaceColumn {
    pub(crate) name: String,
    pub(crate) exact: bool,
    pub(crate) cells: Column,
}

const INTRODUCTION: &str = "\
# How accurate links are

A lab is only as good as its links. A test writes these tables: `MPLAB_BLESS=1 cargo test -p mplab --test truth`. It runs the same program in
every place, which sends numbered frames over one link of a lab and takes the time of each at both ends. All hosts of a lab share one clock, so the delay of each frame is
known. A row is a link, as a topology file describes it.

`netem` and `tbf` are the kernel's, `relay` is mplab's own link in user space. A dash means that the place does not have that link.
";

/// The page.
pub(crate) fn page(links: &[String], places: &[PlaceColumn]) -> String {
    let mut page = INTRODUCTION.to_owned();
    let times = [
        (
            true,
            "In virtual time",
            "Only the link can make a frame late. The test fails if a mean is more than 1 % and 0.1 ms above what the file asks for, if \
             one frame in a hundred is 0.5 ms late, if a rate is 1 % off, or if a single frame is early.",
        ),
        (
            false,
            "In real time",
            "A busy computer is late, and these figures were measured beside other work. The test fails only for what lateness cannot \
             excuse: a frame that is early, more bytes than the rate allows, losses beyond chance.",
        ),
    ];
    for (exact, title, words) in times {
        let places: Vec<_> = places.iter().filter(|place| place.exact == exact).collect();
        write!(page, "\n## {title}\n\n{words}\n").expect("writing to a string");
        for table in Table::ALL {
            let rows: Vec<_> =
                links.iter().filter(|link| places.iter().any(|place| place.cells.contains_key(&((*link).clone(), table)))).collect();
            if !rows.is_empty() {
                write!(page, "\n### {}\n\n{}\n\n", table.title(), table.meaning(exact)).expect("writing to a string");
                page += &drawn(&rows, &places, table);
            }
        }
    }
    page
}

fn drawn(links: &[&String], places: &[&PlaceColumn], table: Table) -> String {
    let head = places.iter().map(|place| place.name.clone());
    let mut grid = vec![std::iter::once("link".to_owned()).chain(head).collect::<Vec<_>>(), vec!["---".to_owned(); places.len() + 1]];
    grid.extend(links.iter().map(|link| {
        let cell = |place: &&PlaceColumn| place.cells.get(&((*link).clone(), table)).cloned().unwrap_or_else(|| "-".to_owned());
        std::iter::once((*link).clone()).chain(places.iter().map(cell)).collect()
    }));
    grid.into_iter().fold(String::new(), |text, cells| text + "| " + &cells.join(" | ") + " |\n")
}
