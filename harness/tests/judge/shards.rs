//! Made-up work in shards: who has what, and when parts are put together and when not.

use std::collections::BTreeMap;

use mplab::compare::{Column, Ended, Matrix, Run, changes};
use mplab::judge::Reading;
use mplab::report::{self, Style};
use mplab::shards::{CaseUsed, Command, KernelUsed, Merged, Part, Share, Unit, Whole, deal, merge};
use mplab::words::{Amount, Better, Digest, Rate, Shard, Time};

fn digest(of: &str) -> Digest {
    Digest::of([of.as_bytes()])
}

/// Two kernels, seeds 1 to 4, and cases of so many seconds; the case `lame` can run on the second kernel only.
fn whole(cases: &[(&str, u64)]) -> Whole {
    let kernel = |name: &str| KernelUsed {
        column: Column { name: name.to_owned(), release: "7.3.4".to_owned(), in_virtual_time: true },
        image: Some(digest(name)),
        machine: Some("User-Mode Linux".to_owned()),
        options: format!(" --kernel {name}"),
    };
    let case = |&(name, seconds): &(&str, u64)| {
        let takes = ["old", "new"].map(|kernel| (kernel.to_owned(), Time::from_millis(seconds * 1000))).into();
        let lacks = (name == "lame").then(|| ("old".to_owned(), "no netem".to_owned())).into_iter().collect();
        (name.to_owned(), CaseUsed { file: format!("cases/{name}.toml"), digest: digest(name), lacks, takes })
    };
    Whole {
        command: Command::Matrix,
        program: digest("mplab"),
        recording: 2,
        seeds: "1..4".parse().unwrap(),
        kernels: vec![kernel("old"), kernel("new")],
        cases: cases.iter().map(case).collect(),
    }
}

fn usual() -> Whole {
    whole(&[("a", 3), ("b", 10), ("lame", 1)])
}

/// What becomes of a run, which follows from its name alone.
fn run(whole: &Whole, Unit { case, kernel, seed }: Unit<'_>) -> Run {
    if let Some(lack) = whole.cases[case].lacks.get(kernel) {
        return Run { seed, ended: Ended::Unsupported(lack.clone()), measures: [].into() };
    }
    let amount = Amount::Rate(Rate(seed * 1_000_000 + case.len() as u64));
    let measures = BTreeMap::from([("t: goodput".to_owned(), Reading { amount, better: Better::Higher })]);
    Run { seed, ended: Ended::Passed, measures }
}

/// What a shard writes.
fn written(whole: &Whole, shard: &str) -> Part {
    let mut mine = Share::of(whole.clone(), shard.parse::<Shard>().unwrap());
    for (unit, _) in whole.units() {
        if mine.has(unit.case, unit.kernel, unit.seed) {
            mine.add(unit.case, unit.kernel, run(whole, unit), None);
        }
    }
    let mut json = Vec::new();
    mine.write(&mut json).unwrap();
    Part::from_json(std::str::from_utf8(&json).unwrap()).unwrap()
}

/// Some shards of so many.
fn parts(whole: &Whole, of: u32, which: impl IntoIterator<Item = u32>) -> Vec<(String, Part)> {
    which.into_iter().map(|number| (format!("{number}.json"), written(whole, &format!("{number}/{of}")))).collect()
}

/// What the command without shards writes.
fn unsharded(whole: &Whole) -> Vec<u8> {
    let mut all = Share::all(whole.kernels.iter().map(|kernel| kernel.column.clone()).collect());
    whole.units().for_each(|(unit, _)| all.add(unit.case, unit.kernel, run(whole, unit), None));
    let mut json = Vec::new();
    all.write(&mut json).unwrap();
    json
}

fn json(matrix: &Matrix) -> Vec<u8> {
    matrix.to_json().into_bytes()
}

fn refused(parts: Vec<(String, Part)>) -> Vec<String> {
    merge(parts, false).expect_err("they are no whole")
}

#[test]
fn every_run_is_in_one_shard_and_no_shard_has_much_more_to_do() {
    for (cases, longest) in [(vec![("a", 3), ("b", 10), ("lame", 1)], 10), (vec![("a", 1)], 1), (vec![("a", 0), ("b", 0)], 0)] {
        let whole = whole(&cases);
        let lengths: BTreeMap<Unit<'_>, Time> = whole.units().collect();
        for shards in 1..12 {
            let dealt = deal(&whole, shards);
            assert_eq!(dealt.keys().collect::<Vec<_>>(), lengths.keys().collect::<Vec<_>>());
            let load = |shard| {
                let mine = dealt.iter().filter(|(_, other)| **other == shard);
                mine.fold((0, 0), |(count, load), (unit, _)| (count + 1, load + lengths[unit].millis() / 1000))
            };
            let loads: Vec<(usize, u64)> = (1..=shards).map(load).collect();
            let (least, most) = (loads.iter().map(|load| load.1).min(), loads.iter().map(|load| load.1).max());
            assert!(most.unwrap() - least.unwrap() <= longest, "{cases:?} in {shards}: {loads:?}");
            if longest < 2 {
                let counts = loads.iter().map(|load| load.0);
                assert!(counts.clone().max().unwrap() - counts.min().unwrap() <= 1, "{cases:?} in {shards}: {loads:?}");
            }
        }
    }
}

#[test]
fn what_is_merged_is_what_is_made_without_shards() {
    let whole = usual();
    for of in [1, 2, 3, 7, 40] {
        let mut parts = parts(&whole, of, 1..=of);
        // In whatever order they come.
        parts.rotate_left(of as usize / 2);
        let Merged { matrix, missing, .. } = merge(parts, false).unwrap_or_else(|wrong| panic!("{wrong:?}"));
        assert_eq!((json(&matrix), missing), (unsharded(&whole), Vec::<String>::new()), "{of} shards");
    }
}

#[test]
fn parts_that_are_missing_or_there_twice_are_told_by_name() {
    let whole = usual();
    assert_eq!(refused(parts(&whole, 4, [1, 4])), ["part 2/4 is missing", "part 3/4 is missing"]);
    let mut twice = parts(&whole, 2, [1, 2]);
    twice.push(("again.json".to_owned(), written(&whole, "2/2")));
    assert_eq!(refused(twice), ["again.json: part 2/2 was given twice: it is also in 2.json"]);
    assert_eq!(refused(Vec::new()), ["no part was given"]);
}

#[test]
fn a_foreign_part_is_told_with_what_is_foreign() {
    let foreign = |change: fn(&mut Whole), differs: &str| {
        let (whole, mut other) = (usual(), usual());
        change(&mut other);
        let mut parts = parts(&whole, 3, [1, 3]);
        parts.insert(0, ("other.json".to_owned(), written(&other, "2/3")));
        let told = refused(parts);
        assert_eq!(told[0], format!("other.json: a foreign part: {differs}"));
        assert_eq!(told[1..], ["part 2/3 is missing"]);
    };
    let programs = [digest("other").short(), digest("mplab").short()];
    foreign(
        |whole| whole.program = digest("other"),
        &format!("another build of mplab made it: the program {}, not {}", programs[0], programs[1]),
    );
    let images = [digest("other").short(), digest("new").short()];
    foreign(
        |whole| whole.kernels[1].image = Some(digest("other")),
        &format!("its kernel new is another image: {}, not {}", images[0], images[1]),
    );
    foreign(|whole| whole.kernels[0].column.release = "6.1.0".to_owned(), "its kernel old is Linux 6.1.0, not 7.3.4");
    foreign(|whole| whole.kernels[0].column.in_virtual_time = false, "its kernel old ran in real time, not in virtual time");
    foreign(|whole| whole.kernels[0].machine = Some("QEMU 7.2".to_owned()), "its kernel old ran on QEMU 7.2, not on User-Mode Linux");
    foreign(|whole| whole.kernels.truncate(1), "its kernels are old, not old, new");
    foreign(|whole| whole.recording = 3, "its runs were recorded in format 3, not 2");
    foreign(|whole| whole.seeds = "1..5".parse().unwrap(), "its seeds are 1..5, not 1..4");
    foreign(|whole| whole.command = Command::Run, "it is of `mplab run`, not of `mplab matrix`");
    foreign(|whole| drop(whole.cases.remove("b")), "it has no case b");
    foreign(|whole| whole.cases.get_mut("b").unwrap().digest = digest("changed"), "its case b or that case's topology differs");
    foreign(
        |whole| whole.cases.get_mut("lame").unwrap().lacks.clear(),
        "its case lame cannot run on the same kernels (it can; elsewhere old: no netem)",
    );
    foreign(
        |whole| {
            whole.cases.get_mut("a").unwrap().takes.insert("old".to_owned(), Time::from_millis(1));
        },
        "its shards were balanced by other durations of a",
    );
    let mut other_count = parts(&usual(), 3, [1, 3]);
    other_count.push(("other.json".to_owned(), written(&usual(), "2/4")));
    assert_eq!(refused(other_count)[0], "other.json: a foreign part: it is 2/4, the others are of 3");
}

#[test]
fn where_a_case_lies_makes_no_part_foreign() {
    let (whole, mut elsewhere) = (usual(), usual());
    elsewhere.cases.get_mut("a").unwrap().file = "/elsewhere/cases/a.toml".to_owned();
    let parts = vec![("1".to_owned(), written(&whole, "1/2")), ("2".to_owned(), written(&elsewhere, "2/2"))];
    assert_eq!(json(&merge(parts, false).unwrap().matrix), unsharded(&whole));
}

#[test]
fn a_part_that_has_not_what_its_shard_has_is_refused() {
    let whole = usual();
    let mut lacking = parts(&whole, 2, [1, 2]);
    let gone = lacking[0].1.cases.get_mut("b").unwrap().get_mut("new").unwrap().runs.pop().unwrap();
    assert_eq!(refused(lacking.clone()), [format!("1.json: b with new, seed {} is missing from part 1/2", gone.seed)]);
    lacking[1].1.cases.get_mut("b").unwrap().get_mut("new").unwrap().runs.push(gone.clone());
    let told = refused(lacking);
    assert!(told.contains(&format!("2.json: b with new, seed {} does not belong to part 2/2", gone.seed)), "{told:?}");
    let mut doubled = parts(&whole, 2, [1, 2]);
    doubled[0].1.cases.get_mut("b").unwrap().get_mut("new").unwrap().runs.push(gone.clone());
    assert_eq!(refused(doubled), [format!("1.json: it has b with new, seed {} twice", gone.seed)]);
}

#[test]
fn what_is_missing_is_marked_where_that_is_allowed_and_nothing_else_is() {
    let whole = usual();
    let merged = merge(parts(&whole, 3, [1, 3]), true).unwrap();
    assert_eq!(merged.missing, ["part 2/3 is missing"]);
    let holes = merged.matrix.cells().flat_map(|(_, _, cell)| &cell.runs).filter(|run| matches!(run.ended, Ended::Missing(_))).count();
    assert_eq!(holes, deal(&whole, 3).values().filter(|shard| **shard == 2).count());
    let told = report::matrix(&merged.matrix, Style::Plain);
    let row = told.lines().find(|line| line.starts_with("b ")).unwrap();
    assert!(row.contains("missing ") && !row.contains("passed"), "{told}");
    assert_eq!(Matrix::from_json(&merged.matrix.to_json()).unwrap(), merged.matrix);
    let mut foreign = usual();
    foreign.program = digest("other");
    let both = vec![("1".to_owned(), written(&whole, "1/2")), ("2".to_owned(), written(&foreign, "2/2"))];
    assert!(merge(both, true).is_err(), "a foreign part is no hole");
}

#[test]
fn a_cell_with_failures_and_holes_tells_both() {
    let mut matrix = Matrix::new(usual().kernels.iter().map(|kernel| kernel.column.clone()).collect());
    let failed = Ended::Failed(BTreeMap::from([("t: goodput >= 1gbit".to_owned(), "1mbit".to_owned())]));
    for (seed, ended) in (1..).zip([failed, Ended::Missing("part 2/2 is missing".to_owned()), Ended::Passed]) {
        matrix.insert("a", "new", Run { seed, ended, measures: [].into() });
    }
    assert!(report::matrix(&matrix, Style::Plain).contains("failed 1 of 3, 1 missing"));
}

#[test]
fn text_that_is_no_part_says_what_one_is() {
    let said = |json: &str| Part::from_json(json).unwrap_err().to_string();
    assert!(said("{\"format\": 1}").starts_with("not a part, as `--shard K/N` with `--results FILE` writes one"));
    assert!(said("{\"part\": 99}").contains("format 99"));
}

#[test]
fn a_phone_shows_what_got_worse_since_which_seed_and_the_command() {
    let whole = usual();
    let before = merge(parts(&whole, 1, [1]), false).unwrap().matrix;
    let mut now = before.clone();
    let failed = |measured: &str| Ended::Failed(BTreeMap::from([("t: stall <= 3s".to_owned(), measured.to_owned())]));
    for (kernel, seed, measured) in [("new", 2, "4.1s"), ("new", 4, "3.2s"), ("old", 3, "5s")] {
        now.cases.get_mut("b").unwrap().get_mut(kernel).unwrap().runs[seed - 1].ended = failed(measured);
    }
    let again = |case: &str, kernel: &str, seed| whole.again(case, kernel, seed);
    let worse = changes(&before, &now, None);
    assert_eq!(
        report::brief(&now, Some(&worse), again),
        "### 2 worse, 0 better, 0 cannot be compared, 0 new\n\
         \n**b** on new (failed 2 of 4, since seed 2), old (failed 1 of 4, since seed 3)\n\
         - t: stall \\<= 3s: 4.1s\n- t: stall \\<= 3s: 5s\n\
         \n```sh\nmplab run cases/b.toml --seed 2 --kernel new\n```\n"
    );
    assert!(report::brief(&now, None, again).starts_with("### 1 of 3 cases did not pass\n\n**b** on new"));
    assert_eq!(
        report::brief(&before, Some(&changes(&before, &before, None)), again),
        "### 0 worse, 0 better, 0 cannot be compared, 0 new\n"
    );
    let holes = merge(parts(&whole, 3, [1, 3]), true).unwrap().matrix;
    let told = report::brief(&holes, Some(&changes(&before, &holes, None)), again);
    assert!(told.lines().next().unwrap().ends_with("runs missing"), "{told}");
}
