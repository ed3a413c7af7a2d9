//! Cases of the board server under strangers and neighbours.

use super::case::Case;

/// The cases of this area.
#[rustfmt::skip] // One row a line.
pub const CASES: &[Case] = &[
    Case { name: "document", expected: "the page, the vectors, the server and the agent say the same", package: "deltascope-protocol", file: "vectors", test: "server_answers_every_exchange_as_the_vectors_say" },
    Case { name: "document, agent", expected: "an agent does on each error what the page says", package: "deltascope-protocol", file: "vectors", test: "agent_does_on_each_error_what_the_vectors_say" },
    Case { name: "document, tables", expected: "limits, timers and the worked example are those of the code", package: "deltascope-protocol", file: "protocol_document", test: "limits_and_timers_are_those_of_the_code" },
    Case { name: "stateat_order", expected: "a StateAtReply never overtakes replies below its sequence", package: "deltascope-protocol", file: "order", test: "state_before_the_grant_waits_for_the_replies_below_it" },
    Case { name: "takeover", expected: "an agent id without its secret takes nothing over", package: "deltascope-protocol", file: "places", test: "agent_id_without_its_secret_takes_nothing_over" },
    Case { name: "limit_agent", expected: "an agent that is refused for a lack of room tries again", package: "deltascope-protocol", file: "vectors", test: "agent_does_on_each_error_what_the_vectors_say" },
    Case { name: "fakeserver", expected: "an agent refuses counters that its records cannot have made", package: "deltascope-protocol", file: "impossible_answers", test: "counters_that_the_records_cannot_have_made_are_refused" },
    Case { name: "fakeserver, Welcome", expected: "an agent refuses numbers that no Welcome has", package: "deltascope-protocol", file: "impossible_answers", test: "numbers_that_no_welcome_has_are_refused" },
    Case { name: "memory2_64", expected: "64 sessions that neither read nor confirm stay within the documented bound", package: "deltascope-protocol", file: "memory", test: "sessions_that_neither_read_nor_confirm_stay_within_the_bound" },
    Case { name: "t54", expected: "a daemon with its defaults serves 32 agents", package: "deltascope-agent", file: "places", test: "daemon_with_its_defaults_serves_32_agents" },
    Case { name: "t72", expected: "places of killed agents are there for others", package: "deltascope-agent", file: "places", test: "places_of_killed_agents_are_there_for_others" },
    Case { name: "insider, growth", expected: "one agent that takes all it can leaves room for others", package: "deltascope-protocol", file: "places", test: "one_agent_that_takes_all_it_can_leaves_room_for_31_others" },
    Case { name: "insider, Hellos", expected: "connected sessions without records give way", package: "deltascope-protocol", file: "places", test: "connected_sessions_without_records_give_way_after_a_time" },
    Case { name: "turnaway, journal", expected: "sessions share the journal and nothing else", package: "deltascope-protocol", file: "places", test: "sessions_share_the_journal_and_nothing_else" },
];
