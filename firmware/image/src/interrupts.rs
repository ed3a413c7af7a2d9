//! Interrupts: a tick that ends every wait, the Ethernet controller, and the line of the logic.
//!
//! The line `IRQ_F2P[0]` is a level that only registers behind it lower. So the handler masks it, as the kernel's
//! `uio_pdrv_genirq` does, and the driver unmasks it once it has cleared the causes.

use aarch32_cpu::asm::{dsb, wfi};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use core::time::Duration;
use deltascope_abi::board::INTERRUPT_GIC;
use deltascope_driver::seams::Irq;
use volatile_register::{RW, WO};
use zynq7000_hal::eth::EthernetId;
use zynq7000_hal::gic::{Configurator, Interrupt, InterruptGuard, PpiInterrupt, SpiInterrupt, TargetCpus};
use zynq7000_hal::pac::Peripherals;

/// Interrupt set-enable and clear-enable registers of the distributor (ARM IHI 0048B, section 4.3).
const SET_ENABLE: usize = 0xF8F0_1100;
const CLEAR_ENABLE: usize = 0xF8F0_1180;
/// The private timer (UG585, appendix B.20), which makes the tick.
const PRIVATE_TIMER: usize = 0xF8F0_0600;

const _: () = assert!(INTERRUPT_GIC == SpiInterrupt::Pl0 as u32);

#[repr(C)]
struct Timer {
    load: RW<u32>,
    counter: RW<u32>,
    control: RW<u32>,
    status: RW<u32>,
}

/// The line of the logic was raised.
static RAISED: AtomicBool = AtomicBool::new(false);
/// Interrupts of the logic.
static LOGIC: AtomicU32 = AtomicU32::new(0);
/// Interrupts of the Ethernet controller.
static ETHERNET: AtomicU32 = AtomicU32::new(0);
/// Interrupts that nothing should raise.
static STRAY: AtomicU32 = AtomicU32::new(0);

/// Interrupts taken since the start.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Of the logic.
    pub logic: u32,
    /// Of the Ethernet controller.
    pub ethernet: u32,
    /// That nothing should raise.
    pub stray: u32,
}

/// Returns the interrupts taken since the start.
pub fn taken() -> Taken {
    Taken { logic: LOGIC.load(Relaxed), ethernet: ETHERNET.load(Relaxed), stray: STRAY.load(Relaxed) }
}

fn timer() -> &'static Timer {
    // SAFETY: the private peripherals of the processor are always at this address.
    unsafe { &*core::ptr::with_exposed_provenance::<Timer>(PRIVATE_TIMER) }
}

fn enable(number: u32, on: bool) {
    let base = if on { SET_ENABLE } else { CLEAR_ENABLE };
    let word = core::ptr::with_exposed_provenance::<WO<u32>>(base + (number / 32 * 4) as usize);
    // SAFETY: the distributor is always at this address; a bit that is written 0 changes nothing.
    unsafe { (*word).write(1 << (number % 32)) };
}

/// Starts the interrupt controller and a tick of 1 kHz. `timer_hz` is the rate of the private timer.
pub fn start(peripherals: Peripherals, timer_hz: u32) {
    let mut gic = Configurator::new_with_init(peripherals.gicc, peripherals.gicd);
    for interrupt in [SpiInterrupt::Eth0, SpiInterrupt::Pl0] {
        gic.set_spi_interrupt_cpu_target_flags(interrupt, TargetCpus::CPU_0);
    }
    gic.enable_spi_interrupt(SpiInterrupt::Eth0);
    gic.enable_ppi_interrupt(PpiInterrupt::CpuPrivateTimer);
    gic.enable();
    let timer = timer();
    // SAFETY: bits 0 to 2 of the control register: enable, reload, interrupt. Nothing else uses this timer.
    unsafe {
        timer.load.write(timer_hz / 1_000 - 1);
        timer.control.write(0b111);
        gic.enable_interrupts();
    }
}

#[zynq7000_rt::irq]
fn on_interrupt() {
    let mut guard = InterruptGuard::new();
    let info = guard.interrupt_info();
    let count = |counter: &AtomicU32| counter.store(counter.load(Relaxed).wrapping_add(1), Relaxed);
    match info.interrupt() {
        Interrupt::Ppi(PpiInterrupt::CpuPrivateTimer) => {
            // SAFETY: writing 1 clears the event.
            unsafe { timer().status.write(1) };
        }
        Interrupt::Spi(SpiInterrupt::Pl0) => {
            enable(INTERRUPT_GIC, false);
            RAISED.store(true, Relaxed);
            count(&LOGIC);
        }
        Interrupt::Spi(SpiInterrupt::Eth0) => {
            zynq7000_hal::eth::smoltcp::on_interrupt(EthernetId::Eth0);
            count(&ETHERNET);
        }
        Interrupt::Spurious => {}
        _ => count(&STRAY),
    }
    guard.end_of_interrupt(info);
}

/// Sleeps until an interrupt comes, unless `ready` reports that there is something to do.
pub fn sleep_unless(ready: impl FnOnce() -> bool) {
    critical_section::with(|_| {
        if !ready() {
            dsb();
            // An interrupt ends this although interrupts are off: it is taken behind the critical section.
            wfi();
        }
    });
}

/// The line of the logic, for the DMA driver.
#[derive(Clone, Copy, Debug)]
pub struct LogicLine;

impl Irq for LogicLine {
    fn wait(&mut self, timeout: Duration) -> bool {
        let end = crate::clock::now_us() + timeout.as_micros() as u64;
        while !RAISED.load(Relaxed) {
            if crate::clock::now_us() >= end {
                return false;
            }
            sleep_unless(|| RAISED.load(Relaxed));
        }
        RAISED.store(false, Relaxed);
        true
    }

    fn rearm(&mut self) {
        RAISED.store(false, Relaxed);
        enable(INTERRUPT_GIC, true);
    }
}
