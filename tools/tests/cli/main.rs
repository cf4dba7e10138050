//! The command line as a person meets it: what it prints, what it writes, how it ends.
//! Not here: the trials themselves, which are in the files beside this one.

mod documents;
mod formats;
mod privileges;
mod recordings;
mod runs;
#[path = "../support/mod.rs"]
mod support;

use libtest_mimic::{Arguments, Failed, Trial};
use support::{trial, without};

fn main() {
    mplab::enter();
    let arguments = Arguments::from_args();
    let confined = mplab::local::place().err().map(|error| error.to_string());
    let anywhere: [(&str, fn()); 11] = [
        ("a_new_file_is_in_order_and_never_replaces_one", documents::a_new_file_is_in_order_and_never_replaces_one),
        ("numbers_have_bounds", documents::numbers_have_bounds),
        ("a_file_in_order_is_checked", documents::a_file_in_order_is_checked),
        ("a_variant_is_named_behind_its_file", documents::a_variant_is_named_behind_its_file),
        ("a_mistake_has_a_file_a_line_and_a_caret", documents::a_mistake_has_a_file_a_line_and_a_caret),
        ("a_reader_that_has_seen_enough_ends_it_quietly", runs::a_reader_that_has_seen_enough_ends_it_quietly),
        ("what_cannot_be_printed_is_told", runs::what_cannot_be_printed_is_told),
        ("what_has_no_end_is_refused", documents::what_has_no_end_is_refused),
        ("very_many_mistakes_are_counted", documents::very_many_mistakes_are_counted),
        ("shells_complete_its_commands", documents::shells_complete_its_commands),
        ("a_plan_is_lines_that_a_person_would_type", documents::a_plan_is_lines_that_a_person_would_type),
    ];
    let in_a_lab: [(&str, fn()); 19] = [
        ("a_report_is_whole_or_is_not_there", recordings::a_report_is_whole_or_is_not_there),
        ("a_runner_is_told_what_did_not_pass", formats::a_runner_is_told_what_did_not_pass),
        ("two_recordings_are_set_side_by_side", recordings::two_recordings_are_set_side_by_side),
        ("results_come_as_junit_and_as_ktap", formats::results_come_as_junit_and_as_ktap),
        ("a_limit_that_is_met_is_named", runs::a_limit_that_is_met_is_named),
        ("topologies_may_be_among_cases_and_jobs_be_too_many", runs::topologies_may_be_among_cases_and_jobs_be_too_many),
        ("a_reader_that_has_seen_enough_ends_a_run", runs::a_reader_that_has_seen_enough_ends_a_run),
        ("a_case_that_must_fail_passes", runs::a_case_that_must_fail_passes),
        ("a_failure_says_all_that_is_needed_to_see_it_again", runs::a_failure_says_all_that_is_needed_to_see_it_again),
        ("a_case_that_cannot_run_here_is_skipped_with_the_reason", runs::a_case_that_cannot_run_here_is_skipped_with_the_reason),
        ("a_sample_comes_before_a_step_that_is_due_with_it", runs::a_sample_comes_before_a_step_that_is_due_with_it),
        ("a_recording_is_judged_again_alike", recordings::a_recording_is_judged_again_alike),
        ("a_recording_of_another_format_is_refused", recordings::a_recording_of_another_format_is_refused),
        ("a_recording_is_drawn", recordings::a_recording_is_drawn),
        ("what_others_wrote_sets_nothing_on_a_terminal", recordings::what_others_wrote_sets_nothing_on_a_terminal),
        ("a_link_by_the_relay_is_recorded_as_one", recordings::a_link_by_the_relay_is_recorded_as_one),
        (
            "what_is_missing_is_explained_from_a_case_and_from_its_recording",
            runs::what_is_missing_is_explained_from_a_case_and_from_its_recording,
        ),
        ("a_doctor_says_what_this_computer_can_do", privileges::a_doctor_says_what_this_computer_can_do),
        ("an_output_that_cannot_be_written_loses_no_verdict", runs::an_output_that_cannot_be_written_loses_no_verdict),
    ];
    let ready = |run: fn()| {
        move || {
            run();
            Ok::<_, Failed>(())
        }
    };
    let mut trials: Vec<Trial> = anywhere.into_iter().map(|(name, run)| trial(name, None, ready(run))).collect();
    trials.extend(in_a_lab.into_iter().map(|(name, run)| trial(name, confined.clone(), ready(run))));
    let no_parser = confined.clone().or_else(|| without(&["python3"])).or_else(|| {
        let none = "there is no source tree of Linux in MPLAB_LINUX or /usr/src/linux, whose parser would read it";
        formats::kunit().is_none().then(|| none.to_owned())
    });
    trials.push(trial("the_kernels_own_parser_reads_its_ktap", no_parser, ready(formats::the_kernels_own_parser_reads_its_ktap)));
    let no_nobody =
        (!nix::unistd::geteuid().is_root()).then(|| "only root can become somebody else".to_owned()).or_else(|| without(&["setpriv"]));
    trials.push(trial(
        "without_root_it_enters_a_user_namespace",
        confined.clone().or(no_nobody),
        ready(privileges::without_root_it_enters_a_user_namespace),
    ));
    let no_cage = confined.or_else(|| without(&["unshare", "setpriv"]));
    trials.push(trial(
        "where_nothing_is_allowed_it_says_what_to_do",
        no_cage.clone(),
        ready(privileges::where_nothing_is_allowed_it_says_what_to_do),
    ));
    trials.push(trial(
        "where_nothing_is_allowed_the_doctor_says_so",
        no_cage,
        ready(privileges::where_nothing_is_allowed_the_doctor_says_so),
    ));
    libtest_mimic::run(&arguments, trials).exit();
}
