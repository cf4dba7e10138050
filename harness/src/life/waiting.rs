//! Steps that wait for conditions: one after the other, checked again and again.
//! Not here: taking them, and reading the conditions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::document::case::{Condition, When};
use crate::plan::PlannedStep;
use crate::result::recording::WaitRecord;
use crate::words::Time;

/// The waiting steps. Only the first is checked: each also waits for all steps before it.
pub(super) struct Waiting {
    steps: VecDeque<(usize, When, PlannedStep)>,
    /// Since when the first is checked.
    since: Option<Time>,
    done: BTreeSet<usize>,
    records: BTreeMap<usize, WaitRecord>,
}

/// The interval between checks.
pub(super) const AGAIN: Time = Time::from_millis(5);

impl Waiting {
    /// The waiting steps of a plan.
    pub(super) fn of(steps: &[PlannedStep]) -> Self {
        let waits = |(number, step): (usize, &PlannedStep)| Some((number, step.when.clone()?, step.clone()));
        let steps = steps.iter().enumerate().filter_map(waits).collect();
        Self { steps, since: None, done: BTreeSet::new(), records: BTreeMap::new() }
    }

    /// Whether some still wait.
    pub(super) fn ongoing(&self) -> bool {
        !self.steps.is_empty()
    }

    /// A step has been taken.
    pub(super) fn taken(&mut self, number: usize) {
        self.done.insert(number);
    }

    /// The step whose conditions now hold, and when it is due. If the first has waited for too long, neither it nor those after it are
    /// taken any more.
    pub(super) fn look<E>(
        &mut self,
        now: Time,
        mut see: impl FnMut(&Condition) -> Result<u64, E>,
    ) -> Result<Option<(usize, PlannedStep)>, E> {
        let Some((number, when, _)) = self.steps.front() else { return Ok(None) };
        if !(0..*number).all(|before| self.done.contains(&before)) {
            return Ok(None);
        }
        let since = *self.since.get_or_insert(now);
        let seen: Vec<(bool, String)> = when.all.iter().map(|condition| Ok(condition.seen(see(condition)?))).collect::<Result<_, E>>()?;
        let met = seen.iter().all(|(held, _)| *held);
        if !met && now < since.after(when.within) {
            return Ok(None);
        }
        let found = seen.into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(", ");
        self.records.insert(*number, WaitRecord { since: since.micros(), met: met.then_some(now.micros()), found });
        self.since = None;
        if !met {
            self.steps.clear();
            return Ok(None);
        }
        let taken = self.steps.pop_front();
        Ok(taken.map(|(number, when, step)| (number, PlannedStep { at: now.after(when.after), ..step })))
    }

    /// The records of the steps that waited.
    pub(super) fn records(self) -> BTreeMap<usize, WaitRecord> {
        self.records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Constraint;

    fn step(when: Option<When>) -> PlannedStep {
        PlannedStep { at: Time::ZERO, ops: Vec::new(), later: Vec::new(), process: None, when, refused: None }
    }

    fn when(most: &str) -> When {
        let all = vec![Condition::Subflows("t".to_owned(), most.parse::<Constraint<_>>().unwrap())];
        When { all, after: Time::from_millis(7), within: Time::from_millis(100) }
    }

    /// At a time in ms and with so many subflows, the step that comes, and when it does.
    fn look(waiting: &mut Waiting, now: u64, subflows: u64) -> Option<(usize, Time)> {
        let look = waiting.look(Time::from_millis(now), |_| Ok::<_, ()>(subflows));
        look.unwrap().map(|(number, step)| (number, step.at))
    }

    #[test]
    fn a_step_waits_for_those_before_it_and_for_its_own_condition() {
        let mut waiting = Waiting::of(&[step(None), step(Some(when(">= 2"))), step(Some(when("= 0")))]);
        assert_eq!(look(&mut waiting, 1, 2), None, "the first step is not done");
        waiting.taken(0);
        assert_eq!(look(&mut waiting, 5, 1), None);
        assert_eq!(look(&mut waiting, 10, 2), Some((1, Time::from_millis(17))));
        assert_eq!(look(&mut waiting, 12, 0), None, "the second step is not done");
        waiting.taken(1);
        assert_eq!(look(&mut waiting, 20, 3), None);
        assert_eq!(look(&mut waiting, 120, 3), None);
        assert!(!waiting.ongoing(), "it has waited for 100 ms");
        let records = waiting.records();
        let record = |since, met, found: &str| WaitRecord { since, met, found: found.to_owned() };
        assert_eq!(records[&1], record(5000, Some(10_000), "subflows 2"));
        assert_eq!(records[&2], record(20_000, None, "subflows 3"));
    }
}
