//! Cases of the board server under strangers and neighbours.

use super::case::Case;

/// The cases of this area.
#[rustfmt::skip] // One row a line.
pub const CASES: &[Case] = &[
    Case { name: "tls_est2", expected: "a session keeps its rate while a process sends ClientHellos", package: "deltascope-boardd", file: "flood", test: "flood_leaves_a_session_its_time_and_handshakes_a_tenth" },
    Case { name: "tls_fair", expected: "handshakes have at most a tenth of the loop while a session has work", package: "deltascope-boardd", file: "flood", test: "agents_get_in_while_sessions_are_busy_and_a_flood_comes" },
    Case { name: "crowd2", expected: "an agent gets in during a flood from another address", package: "deltascope-boardd", file: "flood", test: "agent_on_another_address_than_the_flood_is_in_within_5_s" },
    Case { name: "crowd2, one address", expected: "an agent gets in during a flood from its own address", package: "deltascope-boardd", file: "flood", test: "agent_on_the_address_of_the_flood_is_in_within_30_s" },
    Case { name: "insider", expected: "a quota counts connections", package: "deltascope-boardd", file: "places", test: "name_with_a_quota_holds_no_more_connections_than_it_may" },
    Case { name: "insider, no quota", expected: "one name cannot hold every connection", package: "deltascope-boardd", file: "places", test: "name_without_a_quota_leaves_room_for_others" },
    Case { name: "turnaway", expected: "a refused peer reads why", package: "deltascope-boardd", file: "loopback", test: "silent_connections_do_not_shut_the_door_and_are_told_why_they_go" },
    Case { name: "turnaway, no name", expected: "a certificate without a name gets the reason and is counted", package: "deltascope-boardd", file: "places", test: "certificate_without_a_name_is_told_so_and_counted" },
    Case { name: "turnaway, record", expected: "a damaged TLS record is counted", package: "deltascope-boardd", file: "places", test: "damaged_tls_record_of_a_session_gets_an_alert_and_is_counted" },
    Case { name: "turnaway, log", expected: "each connection and each refusal is in the log", package: "deltascope-boardd", file: "places", test: "debug_log_has_each_connection_and_each_refusal_with_its_peer" },
    Case { name: "turnaway, descriptors", expected: "no descriptor left is one line and no end", package: "deltascope-boardd", file: "loopback", test: "daemon_without_descriptors_says_so_once_and_recovers" },
    Case { name: "t50, daemon", expected: "node_exporter reads the file of the daemon's metrics", package: "deltascope-boardd", file: "metrics_file", test: "another_user_reads_the_metrics_under_the_umask_of_the_unit" },
];
