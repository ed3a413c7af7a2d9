//! `axi_lite_registers.v` against the register map; the checks are those of `checks::registers`.
#![cfg(feature = "verilate")]

use deltascope_sim::session;
use deltascope_sim::top::Top;
use deltascope_verilator_tests::checks::registers;
use deltascope_verilator_tests::lockstep::top::sizes;

#[test]
fn the_map_and_nothing_else() {
    session::check("axi_lite_registers-map", 1, |session| {
        let config = sizes(&mut Top::new(session.bench("deltascope_top")?, 0)?)?.config;
        registers::every_offset(session, &config)
    });
}

#[test]
fn writes_act_once_and_by_bytes() {
    session::check("axi_lite_registers-writes", 3, registers::writes);
}

#[test]
fn interrupts_follow_status_and_mask() {
    session::check("axi_lite_registers-irq", 3, registers::interrupts);
}

#[test]
fn reads_and_writes_at_once() {
    session::check("axi_lite_registers-both", 3, registers::concurrent);
}

#[test]
fn a_reset_frees_the_bus() {
    session::check("axi_lite_registers-reset", 2, registers::reset);
}

#[test]
fn an_event_at_the_time_of_its_clearing_is_not_lost() {
    session::check("axi_lite_registers-races", 2, registers::races);
}

#[test]
fn transfers_wait_behind_stalled_answers() {
    session::check("axi_lite_registers-backlog", 2, registers::backlog);
}
