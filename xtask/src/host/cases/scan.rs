//! Cases of what the scan of /proc reports.

use super::case::Case;

/// A case whose test is in `host-agent/tests/scan_cases/`.
const fn case(name: &'static str, expected: &'static str, test: &'static str) -> Case {
    Case { name, expected, package: "deltascope-agent", file: "scan_cases", test }
}

/// The cases of this area.
pub const CASES: &[Case] = &[
    case("no-pagemap", "named with its cause", "a_pagemap_that_is_missing_or_denied_is_named"),
    case("contents-denied", "copies unjudged, not exact", "contents_that_are_denied_leave_copies_unjudged"),
    case("first-thread-ended", "counted", "first_threads_that_ended_hide_nothing"),
    case("mappings-in-motion", "counted, or in the bracket", "mappings_in_motion_lose_nothing"),
    case("few-descriptors", "counted, or named", "few_descriptors_lose_nothing"),
    case("capabilities", "each missing one named with its effect", "missing_capabilities_are_named"),
    case("dac-read-search", "named; never exact", "without_dac_read_search_nothing_is_exact"),
    case("user-reads-nobody", "a message and status 3", "a_user_who_may_read_nobody_sees_nothing"),
    case("pid-namespace", "hostPID named, status 3", "a_pid_namespace_of_its_own_is_named"),
    case("foreign-proc", "its numbers used, and said", "a_foreign_proc_is_used_with_its_numbers"),
    case("scan-statuses", "those of the documented table", "exit_statuses_are_those_of_the_table"),
    case("scan-two-targets", "the missing one named", "one_target_that_is_missing_is_named"),
    case("reader-gone", "ends quietly", "a_reader_that_goes_ends_the_program_quietly"),
    case("plain-family", "exact", "a_plain_family_is_exact"),
    case("orphan", "put back into its family", "orphans_are_put_back"),
    case("sibling-daemons", "one family", "daemons_of_one_parent_are_a_family"),
    case("mremap", "in the bracket", "memory_that_was_moved_is_in_the_bracket"),
    case("mremap-shift", "no copy", "memory_moved_by_a_page_is_no_copy"),
    case("dontfork-wipeonfork", "no copy", "memory_that_was_not_handed_down_is_no_copy"),
    case("guard-regions", "not swap", "guard_regions_are_not_swap"),
    case("no-aslr", "no family", "programs_without_aslr_are_no_family"),
    case("ksm", "merged frames add no waste", "pages_that_the_kernel_merged_add_no_waste"),
    case("many-mappings", "bounded memory", "many_mappings_take_little_memory"),
    case("sparse", "bounded time", "a_sparse_reservation_takes_little_time"),
    case("shared-memory", "bounded time and memory", "large_shared_memory_takes_little"),
    case("thp", "the user's number is at most root's", "huge_pages_invent_no_copies"),
    case("thp-random", "the user's number is at most root's", "users_number_is_at_most_roots"),
    case("vfork-no-kcmp", "no copy, in the coverage", "borrowed_memory_is_no_copy_without_kcmp"),
    case("no-kcmp", "counted, or in the coverage", "without_kcmp_other_families_are_counted"),
];
