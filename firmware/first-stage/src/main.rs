//! The first stage of the boot, in on-chip memory: sets up pins, PLLs, clocks and DDR by the table of the board, copies
//! what is behind it in the flash to DDR, and starts it. `docs/firmware.md` describes it.
//!
//! MMU and caches are off, as the start-up code leaves them: what is copied is in DDR when it is started.
#![no_std]
#![no_main]

mod console;

use core::fmt::Write;
use core::panic::PanicInfo;

use deltascope_ps7::boot_image::{BITSTREAM, Kind, Partition};
use deltascope_ps7::table::{BYTES, Phase, Table};
use deltascope_ps7::{Bus, load, setup};
use zynq7000_rt as _;

use console::Console;

/// The flash, as the linear mode of the QSPI controller shows it (UG585, section 12.2.6).
const FLASH: u32 = 0xFC00_0000;
/// Where in the flash the boot ROM found this, in steps of [`STEP`] (UG585, section 6.3.10).
const MULTIBOOT: u32 = 0xF800_702C;
/// Bytes of a step.
const STEP: u32 = 32 << 10;
/// Steps in the 16 MiB that the linear mode reaches.
const STEPS: u32 = (16 << 20) / STEP;

/// The table that `cargo xtask board fw` writes.
#[unsafe(link_section = ".table")]
#[used]
static TABLE: [u8; BYTES] = [0; BYTES];

/// The address space.
#[derive(Clone, Copy)]
struct Memory;

impl Bus for Memory {
    fn read(&mut self, address: u32) -> u32 {
        // SAFETY: the table's registers, the UART, the flash and DDR that is set up; nothing else is there yet.
        unsafe { core::ptr::with_exposed_provenance::<u32>(address as usize).read_volatile() }
    }

    fn write(&mut self, address: u32, value: u32) {
        // SAFETY: as for reads; DDR from 1 MiB on holds nothing of this stage.
        unsafe { core::ptr::with_exposed_provenance_mut::<u32>(address as usize).write_volatile(value) }
    }
}

fn halt() -> ! {
    loop {
        aarch32_cpu::asm::wfi();
    }
}

/// Runs the table, loads and returns where to start; or the text of the reason is on the console.
fn boot(table: &Table<'_>, console: &mut Console) -> Option<u32> {
    let mut memory = Memory;
    let _ = writeln!(console, "{} on {}", env!("CARGO_PKG_VERSION"), table.board());
    // The table changes its clock.
    console.flush();
    if let Err(stuck) = setup::run(table.phase(Phase::Setup), &mut memory) {
        let _ = writeln!(console, "STOPPED {stuck}");
        return None;
    }
    let base = FLASH + STEP * (memory.read(MULTIBOOT) % STEPS);
    let _ = writeln!(console, "PLLs locked, DDR initialised; image at {base:#010x}");
    let report = |partition: &Partition| {
        let Partition { bytes, target, .. } = *partition;
        let _ = match partition.kind {
            Kind::Bitstream => writeln!(console, "bitstream: set bitstream={BITSTREAM:#x}+{bytes}"),
            Kind::Program { .. } => writeln!(console, "program: {bytes} bytes at {target:#010x}"),
        };
    };
    match load::run(&mut memory, base, report) {
        Ok(entry) => Some(entry),
        Err(error) => {
            let _ = writeln!(console, "STOPPED {error}");
            None
        }
    }
}

#[zynq7000_rt::entry]
fn main() -> ! {
    let mut bytes = [0; BYTES];
    for (index, byte) in bytes.iter_mut().enumerate() {
        // SAFETY: it is the block; the compiler may not take its contents from this source.
        *byte = unsafe { TABLE.as_ptr().add(index).read_volatile() };
    }
    // Without a table no pin is known to report it.
    let Some(table) = Table::read(&bytes) else { halt() };
    let Ok(()) = setup::run(table.phase(Phase::Console), &mut Memory) else { halt() };
    let mut console = Console::new(table.console());
    let Some(entry) = boot(&table, &mut console) else {
        console.end();
        halt()
    };
    let _ = writeln!(console, "starts {entry:#010x}");
    console.end();
    // It waits for nothing: it ends the linear mode, and locks.
    let _ = setup::run(table.phase(Phase::End), &mut Memory);
    // SAFETY: a whole program was read back from there. What the processor fetched in advance is thrown away.
    unsafe {
        core::arch::asm!(
            "mcr p15, 0, {zero}, c7, c5, 0",
            "mcr p15, 0, {zero}, c7, c5, 6",
            "dsb",
            "isb",
            "bx {entry}",
            zero = in(reg) 0,
            entry = in(reg) entry,
            options(noreturn)
        )
    }
}

/// Prints what stopped this stage, and stops.
fn stop(what: core::fmt::Arguments<'_>) -> ! {
    let mut bytes = [0; BYTES];
    bytes.copy_from_slice(&TABLE);
    if let Some(table) = Table::read(&bytes) {
        let mut console = Console::new(table.console());
        let _ = writeln!(console, "STOPPED {what}");
        console.end();
    }
    halt()
}

#[panic_handler]
fn on_panic(info: &PanicInfo<'_>) -> ! {
    stop(format_args!("{info}"))
}

#[zynq7000_rt::exception(DataAbort)]
fn on_data_abort(addr: usize) -> ! {
    stop(format_args!("data abort at {addr:#010x}"))
}

#[zynq7000_rt::exception(PrefetchAbort)]
fn on_prefetch_abort(addr: usize) -> ! {
    stop(format_args!("prefetch abort at {addr:#010x}"))
}

#[zynq7000_rt::exception(Undefined)]
fn on_undefined(addr: usize) -> ! {
    stop(format_args!("undefined instruction at {addr:#010x}"))
}

#[zynq7000_rt::irq]
fn on_interrupt() {
    stop(format_args!("an interrupt that was not asked for"))
}
