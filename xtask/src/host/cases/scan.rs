//! Cases of what the scan of /proc reports.

use super::case::Case;

/// A case whose test is in `host-agent/tests/scan_cases/`.
const fn case(name: &'static str, expected: &'static str, test: &'static str) -> Case {
    Case { name, expected, package: "deltascope-agent", file: "scan_cases", test }
}

/// The cases of this area.
pub const CASES: &[Case] = &[
    case("host/t29", "named with its cause", "a_pagemap_that_is_missing_or_denied_is_named"),
    case("host/t29-no-proc", "named with its cause", "a_machine_without_proc_is_named"),
    case("host/t29-contents", "copies unjudged, not exact", "contents_that_are_denied_leave_copies_unjudged"),
    case("host/t31", "counted", "first_threads_that_ended_hide_nothing"),
    case("host/t32", "counted, or in the bracket", "mappings_in_motion_lose_nothing"),
    case("host/t33", "counted, or named", "few_descriptors_lose_nothing"),
    case("host/t38", "each missing one named with its effect", "missing_capabilities_are_named"),
    case("host/t38b", "named; never exact", "without_dac_read_search_nothing_is_exact"),
    case("host/t38-user", "a message and status 3", "a_user_who_may_read_nobody_sees_nothing"),
    case("host/t39", "hostPID named, status 3", "a_pid_namespace_of_its_own_is_named"),
    case("host/t39-foreign-proc", "its numbers used, and said", "a_foreign_proc_is_used_with_its_numbers"),
    case("host/t52", "those of the documented table", "exit_statuses_are_those_of_the_table"),
    case("host/t52-two-targets", "the missing one named", "one_target_that_is_missing_is_named"),
    case("reader-gone", "ends quietly", "a_reader_that_goes_ends_the_program_quietly"),
    case("scan/edge-plain", "exact", "a_plain_family_is_exact"),
    case("scan/edge-orphan", "put back into its family", "orphans_are_put_back"),
    case("scan/sib", "one family, of unknown origin", "daemons_of_one_parent_are_a_family"),
    case("scan/edge-mremap", "in the bracket", "memory_that_was_moved_is_in_the_bracket"),
    case("scan/edge-mremap-shift", "no copy", "memory_moved_by_a_page_is_no_copy"),
    case("scan/edge-dontfork-wipeonfork", "no copy", "memory_that_was_not_handed_down_is_no_copy"),
    case("scan/edge-guard", "not swap", "guard_regions_are_not_swap"),
    case("scan/aslr", "no family", "programs_without_aslr_are_no_family"),
    case("scan/ksm", "merged frames add no waste", "pages_that_the_kernel_merged_add_no_waste"),
    case("scan/vmakids", "bounded memory", "many_mappings_take_little_memory"),
    case("scan/sparse", "bounded time", "a_sparse_reservation_takes_little_time"),
    case("scan/shm", "bounded time and memory", "large_shared_memory_takes_little"),
    case("scan/thp_bits", "the user's number is at most root's", "huge_pages_invent_no_copies"),
    case("scan/thp_many", "the user's number is at most root's", "users_number_is_at_most_roots"),
    case("scan/edge-vfork-nokcmp", "no copy, in the coverage", "borrowed_memory_is_no_copy_without_kcmp"),
    case("orphan-hidden", "in the bracket", "orphans_that_hide_are_in_the_bracket"),
    case("became-user", "never exact to that user", "children_of_root_that_became_the_user_are_not_exact"),
    case("scan/nokcmp-others", "counted, or in the coverage", "without_kcmp_other_families_are_counted"),
    case(
        "thp-setting",
        "the user's number is at most root's, always and never",
        "users_number_is_at_most_roots_with_any_setting",
    ),
    case("swap", "in the bracket, and left in swap", "pages_in_swap_are_in_the_bracket"),
    case("swap-whole", "in the bracket", "memory_that_is_in_swap_as_a_whole_is_in_the_bracket"),
    case("scan/edge-leader-gone", "counted", "first_threads_that_ended_hide_nothing"),
    case("scan/fresh_after_fork", "0 copies in the arrays", "memory_filled_after_the_fork_is_no_copy"),
    case(
        "origins",
        "inherited, born after the fork, unknown: as constructed, and as an independent program counts",
        "origins_are_those_of_the_workload_and_of_the_reference",
    ),
    case("origins-outputs", "the same in each output", "every_output_has_the_same_origins"),
    case("families", "age of the forks, copies now, last and peak", "families_are_followed_over_rounds"),
    case("recording", "replays what the scan reported", "a_recording_keeps_what_the_scan_reported"),
    case("run-coverage", "each round has its coverage", "each_round_of_a_run_reports_its_coverage"),
    case("metrics", "mode, bracket and coverage for node_exporter", "metrics_have_what_the_scan_reports"),
    case("host/t35", "a hung process is named and hides no other", "process_that_hangs_is_named_and_hides_no_other"),
    case("host/t35-run", "rounds continue beside a hung process", "run_reports_rounds_beside_a_process_that_hangs"),
    case("host/t35-signal", "a signal ends each command", "signal_ends_each_command_beside_a_process_that_hangs"),
    case("host/t40", "no stall of a target above 10 ms", "a_large_process_is_not_stalled"),
    case("dontfork-large", "no copy", "large_memory_that_was_not_handed_down_is_no_copy"),
    case("copied-large", "counted", "large_memory_of_which_all_was_copied_is_counted"),
    case("budget", "2 % of a core, and the cost in the output", "rounds_keep_their_budget"),
];
