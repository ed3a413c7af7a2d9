// SPDX-License-Identifier: GPL-2.0-only
#include "cases.h"

const struct named cases[] = {
	{ "same", case_same },
	{ "changed", case_changed },
	{ "mixed", case_mixed },
	{ "parent", case_parent },
	{ "early_exit", case_early_exit },
	{ "threads", case_threads },
	{ "mremap", case_mremap },
	{ "munmap", case_munmap },
	{ "twice", case_twice },
	{ "pageout", case_pageout },
	{ "zero", case_zero },
	{ "reuse", case_reuse },
	{ "storm", case_storm },
	{ "faults", case_faults },
	{ "duplicates", case_duplicates },
	{ "alternating", case_alternating },
	{ "writev", case_writev },
	{ "large", case_large },
	{ "tls", case_tls },
	{ "sockets", case_sockets },
	{ "socket_reuse", case_socket_reuse },
	{ "again", case_again },
	{ "blocked", case_blocked },
	{ 0, 0 },
};
