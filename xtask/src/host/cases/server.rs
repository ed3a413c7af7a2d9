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
    Case { name: "document", expected: "the page, the vectors, the server and the agent say the same", package: "deltascope-protocol", file: "vectors", test: "server_answers_every_exchange_as_the_vectors_say" },
    Case { name: "document, agent", expected: "an agent does with every frame what the page says", package: "deltascope-protocol", file: "vectors_agent", test: "agent_does_with_every_frame_what_the_vectors_say" },
    Case { name: "document, tables", expected: "limits, timers and the worked example are those of the code", package: "deltascope-protocol", file: "protocol_document", test: "limits_and_timers_are_those_of_the_code" },
    Case { name: "stateat_order", expected: "a StateAtReply never overtakes replies below its sequence", package: "deltascope-protocol", file: "order", test: "state_before_the_grant_waits_for_the_replies_below_it" },
    Case { name: "stateat_order, daemon", expected: "replies come to a session that only reads", package: "deltascope-boardd", file: "loopback", test: "replies_come_to_a_session_that_only_reads" },
    Case { name: "takeover", expected: "an agent id without its secret takes nothing over", package: "deltascope-protocol", file: "places", test: "agent_id_without_its_secret_takes_nothing_over" },
    Case { name: "limit_agent", expected: "an agent that is refused for a lack of room tries again", package: "deltascope-protocol", file: "vectors_agent", test: "agent_does_with_every_frame_what_the_vectors_say" },
    Case { name: "fakeserver", expected: "an agent refuses counters that its records cannot have made", package: "deltascope-protocol", file: "impossible_answers", test: "counters_that_the_records_cannot_have_made_are_refused" },
    Case { name: "fakeserver, Welcome", expected: "an agent refuses numbers that no Welcome has", package: "deltascope-protocol", file: "impossible_answers", test: "numbers_that_no_welcome_has_are_refused" },
    Case { name: "fakeserver, dropped", expected: "a server that welcomes and drops is an outage", package: "deltascope-agent", file: "outage", test: "server_that_welcomes_and_drops_is_an_outage" },
    Case { name: "memory2_64", expected: "64 sessions that read nothing stay within --memory of the daemon", package: "deltascope-boardd", file: "memory", test: "sixty_four_sessions_that_read_nothing_stay_within_the_memory" },
    Case { name: "memory2_64, server", expected: "64 sessions that neither read nor confirm stay within the documented bound", package: "deltascope-protocol", file: "memory", test: "sessions_that_neither_read_nor_confirm_stay_within_the_bound" },
    Case { name: "t54", expected: "a daemon with its defaults serves 32 agents", package: "deltascope-agent", file: "places", test: "daemon_with_its_defaults_serves_32_agents" },
    Case { name: "t72", expected: "places of killed agents are there for others", package: "deltascope-agent", file: "places", test: "places_of_killed_agents_are_there_for_others" },
    Case { name: "insider, growth", expected: "one agent that takes all it can leaves room for others", package: "deltascope-protocol", file: "places", test: "one_agent_that_takes_all_it_can_leaves_room_for_31_others" },
    Case { name: "insider, places", expected: "one address with all places of a plain port keeps no other one out", package: "deltascope-boardd", file: "holders", test: "full_plain_port_of_one_address_lets_another_address_in" },
    Case { name: "insider, name", expected: "one name with all places keeps no other one out", package: "deltascope-boardd", file: "holders", test: "full_board_of_one_name_lets_another_name_in" },
    Case { name: "insider, again", expected: "sessions that end and begin again keep nobody out", package: "deltascope-protocol", file: "holders", test: "sessions_that_begin_again_every_15_seconds_keep_nobody_out" },
    Case { name: "insider, dead", expected: "dead sessions with secrets keep nobody out, and what is lost is named", package: "deltascope-protocol", file: "holders", test: "dead_sessions_with_secrets_give_way_and_are_named" },
    Case { name: "document, counters", expected: "every counter is in the status, the metrics and the page", package: "deltascope-boardd", file: "metrics_file", test: "every_counter_is_in_the_status_the_metrics_and_the_page" },
    Case { name: "insider, Hellos", expected: "connected sessions without records give way", package: "deltascope-protocol", file: "places", test: "connected_sessions_without_records_give_way_after_a_time" },
    Case { name: "turnaway, journal", expected: "sessions share the journal and nothing else", package: "deltascope-protocol", file: "places", test: "sessions_share_the_journal_and_nothing_else" },
];
