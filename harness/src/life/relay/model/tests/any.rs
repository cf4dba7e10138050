//! What holds for any shape: no packet is lost without a cause, waiting until something is due ends, shapes are written and read alike.
//! Not here: what a shape does.

use super::super::chance::{Draws, Purpose};
use super::super::shape::{Chance, Codel, Discipline, Distribution, Gemodel, Jitter, Limit, Loss, Reorder, Slot};
use super::super::*;
use crate::words::{Percent, Size};

/// A source of arbitrary numbers.
struct Any {
    seed: u64,
    number: u64,
}

impl Any {
    fn below(&mut self, end: u64) -> u64 {
        self.number += 1;
        Draws::new(self.seed, self.number, false).long(Purpose::Bit) % end
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(3) == 0).then(|| make(self))
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }

    fn chance(&mut self) -> Chance {
        Chance { percent: Percent(self.below(101) as f64), correlation: self.one(&[Percent(0.0), Percent(30.0)]) }
    }

    fn shape(&mut self) -> Shape {
        let time = |any: &mut Self| Time(any.below(20_000_000));
        let rate = |any: &mut Self| Rate(any.one(&[0, 64_000, 3_000_000, 1_000_000_000]));
        let gemodel = Gemodel { p: Percent(10.0), r: Some(Percent(30.0)), bad: Some(Percent(90.0)), good: None };
        let random = Loss::Random(self.chance());
        let distributions = [Distribution::Uniform, Distribution::Normal, Distribution::Pareto, Distribution::ParetoNormal];
        Shape {
            rate: self.maybe(rate),
            trace: self.maybe(|any| any.one(&["1\n1\n7\n", "0\n3\n", "20\n"]).parse().unwrap()),
            steps: self
                .maybe(|any| (1..4).map(|at| Step { at: Time(at * 7_000_000), rate: any.maybe(rate), delay: any.maybe(time) }).collect())
                .unwrap_or_default(),
            delay: time(self),
            jitter: self.maybe(|any| Jitter { amount: time(any), distribution: any.one(&distributions), correlation: Percent(20.0) }),
            loss: self.maybe(|any| any.one(&[random, Loss::Gemodel(gemodel), Loss::Numbers(vec![3, 9]), Loss::Every(5)])),
            duplicate: self.maybe(Self::chance),
            corrupt: self.maybe(Self::chance),
            reorder: self.maybe(|any| Reorder {
                percent: Percent(any.below(101) as f64),
                correlation: Percent(0.0),
                gap: any.below(5) as u32,
            }),
            // The relay makes none: it is there to be written and read.
            slot: self.maybe(|any| Slot { min: time(any), max: time(any), packets: Some(7), bytes: None }),
            limit: self.maybe(|any| any.one(&[Limit::Packets(7), Limit::Bytes(Size(9000)), Limit::Packets(0)])),
            discipline: self.one(&[Discipline::DropTail, Discipline::CoDel(Codel::default())]),
        }
    }
}

#[test]
fn no_packet_is_lost_without_a_cause_and_waiting_ends() {
    for seed in 0..500 {
        let mut any = Any { seed, number: 0 };
        let mut model = Model::new(any.shape(), seed);
        let (mut now, mut out) = (Time::ZERO, 0);
        let mut take_all = |model: &mut Model<u64>, now| {
            out += std::iter::from_fn(|| model.take(now)).inspect(|delivered| assert!(delivered.due <= now)).count() as u64;
        };
        for number in 0..300 {
            now = now.after(Time(any.below(1_000_000)));
            if any.below(100) == 0 {
                let shape = any.shape();
                model.reshape(now, shape);
            }
            model.offer(now, 60 + any.below(1454) as u32, number);
            if any.below(2) == 0 {
                take_all(&mut model, now);
            }
        }
        while let Some(due) = model.due() {
            take_all(&mut model, due.max(now));
            now = now.max(due);
            assert!(model.due().is_none_or(|next| next > due), "{seed}: still due at {due}: {:?}", model.shape());
        }
        let (waiting, counts) = (model.clear().count() as u64, *model.counts());
        assert_eq!(out + waiting + counts.dropped.total(), 300 + counts.duplicated, "{seed}: {:?}", model.shape());
        assert_eq!((model.backlog(), model.due()), ((0, 0), None));
    }
}

#[test]
fn shapes_are_written_and_read_alike() {
    for seed in 0..200 {
        let shape = Any { seed, number: 0 }.shape();
        let text = serde_json::to_string(&shape).unwrap();
        assert_eq!(serde_json::from_str::<Shape>(&text).unwrap(), shape, "{text}");
    }
    let written = r#"{"rate": "10mbit", "delay": "5ms", "jitter": {"amount": "1ms", "distribution": "paretonormal"}, "loss": {"random": {"percent": "0.1%"}},
        "reorder": {"percent": "25%"}, "limit": {"packets": 100}, "discipline": {"codel": {}}, "trace": [0, 3, 3, 10]}"#;
    let shape: Shape = serde_json::from_str(written).unwrap();
    assert_eq!((shape.rate, shape.loss), (Some(Rate(10_000_000)), Some(Loss::Random(Chance::of(0.1)))));
    assert!(serde_json::from_str::<Shape>(r#"{"dealy": "5ms"}"#).is_err());
}
