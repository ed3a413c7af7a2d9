//! The processor: unicorn with the board's memory and devices. Interrupts are taken here, since unicorn has no line for
//! them (ARM DDI 0406C, B1.9.8 and B1.9.10).

use anyhow::{Result, anyhow, bail};
use deltascope_abi::board::BUFFERS;
use deltascope_driver::seams::DmaBuffer as _;
use deltascope_sim::axi_dma::{Memory as _, Ram};
use unicorn_engine::{Arch, ArmCpuModel, HookType, Mode, Prot, RegisterARM, RegisterARMCP, Unicorn, uc_error};

use crate::board::{Board, DEVICES, DoubleDataRate};
use crate::image::Image;
use crate::power_on::{FLASH, FLASH_BYTES, Missing, PowerOn, boot_rom};
use crate::profile::Profile;
use crate::time::MICROSECOND;

/// Bits of the program status register.
mod status {
    pub const MODE: u64 = 0x1F;
    pub const THUMB: u64 = 1 << 5;
    pub const MASK_IRQ: u64 = 1 << 7;
    pub const MASK_ABORT: u64 = 1 << 8;
    /// State of an IT block and of Jazelle.
    pub const STATE: u64 = 0x0700_FC00;
    pub const IRQ_MODE: u64 = 0x12;
}

/// Time that passes at a YIELD, so that a loop that waits has few turns.
const YIELD: u64 = MICROSECOND;
/// First address of DDR; below it is on-chip memory.
const DDR: u64 = 0x10_0000;
/// Offset of the IRQ's vector.
const IRQ_VECTOR: u64 = 0x18;

/// The processor on its board.
pub struct Machine {
    unicorn: Unicorn<'static, Board>,
    /// Where it continues.
    next: u64,
    /// It waits for an interrupt (WFI).
    is_waiting: bool,
}

fn failed(what: &str) -> impl Fn(uc_error) -> anyhow::Error {
    move |error| anyhow!("unicorn: {what}: {error:?}")
}

/// Maps memory of this process at its address on the board.
fn map(unicorn: &mut Unicorn<'static, Board>, memory: &Ram) -> Result<()> {
    let (address, bytes) = (memory.bus_addr(), memory.len() as u64);
    // SAFETY: the memory lives as long as any clone of it; the board, which unicorn owns and drops last, has one. It never
    // moves, and nothing makes a reference to its bytes.
    unsafe { unicorn.mem_map_ptr(address, bytes, Prot::ALL, memory.ptr().cast()) }.map_err(failed("mapping memory"))
}

impl Machine {
    /// Returns a board with an image that is loaded and about to start.
    ///
    /// # Errors
    /// The Verilated design is not built in, or the image does not fit the memory.
    pub fn new(image: &Image) -> Result<Machine> {
        let mut memory = DoubleDataRate::new();
        image.load(&mut memory.image)?;
        Machine::start(&memory, image.entry, image.code)
    }

    /// Returns a board at power-on, with the boot image `flash`. `missing` never comes.
    ///
    /// # Errors
    /// The Verilated design is not built in, or it is no boot image.
    pub fn at_power_on(image: &Image, flash: &[u8], missing: Option<Missing>) -> Result<Machine> {
        let mut memory = DoubleDataRate::new();
        let (stage, entry) = boot_rom(flash)?;
        memory.image.write(0, stage);
        let mut machine = Machine::start(&memory, entry, image.code)?;
        let unicorn = &mut machine.unicorn;
        let board = unicorn.get_data_mut();
        board.power_on = Some(PowerOn::new(flash, missing, &mut board.registers));
        board.configuration.clear();
        let read = |unicorn: &mut Unicorn<'_, Board>, offset: u64, _: usize| {
            u64::from(unicorn.get_data_mut().read_flash(offset as u32))
        };
        let none: Option<fn(&mut Unicorn<'_, Board>, u64, usize, u64)> = None;
        unicorn.mmio_map(FLASH.into(), FLASH_BYTES as u64, Some(read), none).map_err(failed("mapping the flash"))?;
        let used = |unicorn: &mut Unicorn<'_, Board>, _, address: u64, _, _| {
            let board = unicorn.get_data_mut();
            if let Some(Err(error)) = board.power_on.as_mut().map(|power_on| power_on.use_memory(address)) {
                board.failure = Some(error.to_string());
            }
            true
        };
        let end = memory.image.len() as u64 - 1;
        unicorn.add_mem_hook(HookType::MEM_WRITE, DDR, end, used).map_err(failed("a hook"))?;
        Ok(machine)
    }

    /// Returns a board whose memory is loaded, with code in a range of addresses.
    fn start(memory: &DoubleDataRate, entry: u32, code: (u32, u32)) -> Result<Machine> {
        let board = Board::new(memory, Profile::new(code.0, code.1))?;
        let mut unicorn = Unicorn::new_with_data(Arch::ARM, Mode::ARM, board).map_err(failed("starting"))?;
        unicorn.ctl_set_cpu_model(ArmCpuModel::CORTEX_A9 as i32).map_err(failed("Cortex-A9"))?;
        map(&mut unicorn, &memory.image)?;
        map(&mut unicorn, &memory.buffers)?;
        debug_assert_eq!(memory.buffers.bus_addr(), u64::from(BUFFERS.base));
        for (base, bytes) in DEVICES {
            let read = move |unicorn: &mut Unicorn<'_, Board>, offset: u64, size: usize| {
                let address = base + offset as u32;
                let word = unicorn.get_data_mut().read(address & !3);
                u64::from(word >> (8 * (address & 3))) & (u64::MAX >> (64 - 8 * size))
            };
            let write = move |unicorn: &mut Unicorn<'_, Board>, offset: u64, size: usize, value: u64| {
                let board = unicorn.get_data_mut();
                match size {
                    4 => board.write(base + offset as u32, value as u32),
                    _ => {
                        board.failure =
                            Some(format!("device: expected a word at {:#x}, found {size} bytes", base + offset as u32))
                    }
                }
            };
            unicorn.mmio_map(base.into(), bytes.into(), Some(read), Some(write)).map_err(failed("mapping a device"))?;
        }
        unicorn.add_block_hook(1, 0, begin_block).map_err(failed("a hook"))?;
        Ok(Machine { unicorn, next: entry.into(), is_waiting: false })
    }

    /// Returns the board.
    pub fn board(&mut self) -> &mut Board {
        self.unicorn.get_data_mut()
    }

    /// Writes memory as something else than the processor would.
    ///
    /// # Errors
    /// There is no memory.
    pub fn write_memory(&mut self, address: u64, bytes: &[u8]) -> Result<()> {
        self.unicorn.mem_write(address, bytes).map_err(failed("writing memory"))
    }

    /// Runs until `end`.
    ///
    /// # Errors
    /// The processor or a device cannot continue.
    pub fn run_until(&mut self, end: u64) -> Result<()> {
        loop {
            let board = self.unicorn.get_data_mut();
            if let Some(failure) = board.failure.take() {
                bail!("{failure}; at {:#010x}", self.next);
            }
            if board.time.now() >= end {
                return Ok(());
            }
            if self.is_waiting {
                sleep(board, end);
                self.is_waiting = !board.gic.is_signalled();
                continue;
            }
            (board.stop_at, board.is_stopping) = (end, false);
            if board.gic.is_signalled() {
                self.take_interrupt()?;
            }
            let outcome = self.unicorn.emu_start(self.next, u64::MAX, 0, 0);
            self.next = self.unicorn.pc_read().map_err(failed("PC"))?;
            let yields = outcome == Err(uc_error::INSN_INVALID) && self.is_behind_yield()?;
            if !yields {
                outcome.map_err(|error| anyhow!("the processor stopped at {:#010x}: {error:?}", self.next))?;
            }
            if self.status()? & status::THUMB != 0 {
                self.next |= 1;
            }
            let board = self.unicorn.get_data_mut();
            if yields {
                board.time.wait(YIELD);
                board.advance();
            }
            self.is_waiting = !yields && !board.is_stopping;
        }
    }

    /// Whether the last instruction was YIELD, the body of every loop that waits. unicorn ends a run behind it, with an error.
    fn is_behind_yield(&self) -> Result<bool> {
        let mut word = [0; 4];
        self.unicorn.mem_read(self.next - 4, &mut word).map_err(failed("reading code"))?;
        Ok(u32::from_le_bytes(word) & 0x0FFF_FFFF == 0x0320_F001)
    }

    fn status(&self) -> Result<u64> {
        self.unicorn.reg_read(RegisterARM::CPSR).map_err(failed("CPSR"))
    }

    /// Enters the interrupt's vector, unless interrupts are masked.
    fn take_interrupt(&mut self) -> Result<()> {
        let before = self.status()?;
        if before & status::MASK_IRQ != 0 {
            return Ok(());
        }
        let mut base = RegisterARMCP::new().cp(15).crn(12);
        self.unicorn.reg_read_arm_coproc(&mut base).map_err(failed("VBAR"))?;
        let kept = before & !(status::MODE | status::THUMB | status::STATE);
        let after = kept | status::IRQ_MODE | status::MASK_IRQ | status::MASK_ABORT;
        let registers = [
            (RegisterARM::CPSR, after),
            // Banked: those of the new mode.
            (RegisterARM::SPSR, before),
            (RegisterARM::LR, (self.next & !1) + 4),
        ];
        for (register, value) in registers {
            self.unicorn.reg_write(register, value).map_err(failed("a register"))?;
        }
        self.next = base.val + IRQ_VECTOR;
        Ok(())
    }
}

/// Counts a block of instructions, or stops before it.
fn begin_block(unicorn: &mut Unicorn<'_, Board>, address: u64, bytes: u32) {
    let board = unicorn.get_data_mut();
    let is_over = board.time.now() >= board.stop_at || board.failure.is_some();
    let is_signalled = board.gic.is_signalled();
    let is_taken = || unicorn.reg_read(RegisterARM::CPSR).is_ok_and(|found| found & status::MASK_IRQ == 0);
    if is_over || is_signalled && is_taken() {
        unicorn.get_data_mut().is_stopping = true;
        // It cannot fail: the processor runs.
        let _ = unicorn.emu_stop();
        return;
    }
    unicorn.get_data_mut().execute(address as u32, bytes / 4);
}

/// Passes the time of a processor that waits for an interrupt, up to `end`.
fn sleep(board: &mut Board, end: u64) {
    while !board.gic.is_signalled() && board.time.now() < end && board.failure.is_none() {
        board.time.wait_until(board.due().min(end));
        board.advance();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_instruction_counts_once_however_often_a_run_is_stopped() {
        // mov r0, #250; loop: subs r0, r0, #1; bne loop; wfi; b .
        let code: [u32; 5] = [0xE3A0_00FA, 0xE250_0001, 0x1AFF_FFFD, 0xE320_F003, 0xEAFF_FFFE];
        let mut memory = DoubleDataRate::new();
        memory.image.write(0x10_0000, &code.map(u32::to_le_bytes).concat());
        let mut machine = Machine::start(&memory, 0x10_0000, (0x10_0000, 0x10_0014)).unwrap();
        for end in (10..=1_000).step_by(10) {
            machine.run_until(end).unwrap();
        }
        assert_eq!(machine.board().time.instructions(), 1 + 2 * 250 + 1);
        assert_eq!(machine.board().time.now(), 1_000);
        assert_eq!(machine.board().profile.text(0), "entry 0\n100000 3\n100004 498\n10000c 1\n");
    }
}
