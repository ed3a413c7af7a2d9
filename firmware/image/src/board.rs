//! What differs from board to board: clock, UART, PHY reset, LEDs. Pins and rates are those of the vendors' presets
//! (`docs/firmware.md` names them).

use crate::clock::GlobalTimer;
use deltascope_firmware_core::settings::Board;
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::OutputPin;
use zynq7000_hal::clocks::Clocks;
use zynq7000_hal::gpio::{GpioPins, Output, PinState};
use zynq7000_hal::time::Hertz;
use zynq7000_hal::uart::{ClockConfig, Config, Uart};

/// Which UART is the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Console {
    /// UART 0 on MIO 14 and 15.
    Uart0,
    /// UART 1 on MIO 48 and 49.
    Uart1,
}

/// A board.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Rate of the oscillator of the processing system.
    pub oscillator: Hertz,
    /// The console.
    pub console: Console,
    /// Whether MIO 9 is the PHY's reset, active low.
    pub phy_reset: bool,
    /// Whether MIO 7 is an LED. The LEDs of other boards are pins of the logic.
    pub led: bool,
}

/// Returns the table of a board.
pub const fn table(board: Board) -> Table {
    let fast = Hertz::from_raw(50_000_000);
    let slow = Hertz::from_raw(33_333_333);
    match board {
        Board::PynqZ2 | Board::ArtyZ7 => {
            Table { oscillator: fast, console: Console::Uart0, phy_reset: true, led: false }
        }
        Board::ZyboZ7 => Table { oscillator: slow, console: Console::Uart1, phy_reset: false, led: true },
        Board::ZedBoard => Table { oscillator: slow, console: Console::Uart1, phy_reset: false, led: true },
        Board::Ax7020 => Table { oscillator: slow, console: Console::Uart1, phy_reset: false, led: false },
    }
}

/// Pins that were taken.
pub struct Pins {
    /// The board's LED on the processing system.
    pub led: Option<Output>,
    /// Pins of the Ethernet controller.
    pub ethernet: crate::ethernet::Pins,
    /// Pins of the flash.
    pub flash: crate::flash::Pins,
}

/// Returns the base address of a UART.
pub const fn base(console: Console) -> usize {
    match console {
        Console::Uart0 => 0xE000_0000,
        Console::Uart1 => 0xE000_1000,
    }
}

/// Sets up the console and takes the pins. Returns the base address of the UART.
pub fn take(peripherals: zynq7000_hal::pac::Peripherals, table: &Table, clocks: &Clocks) -> (Pins, usize) {
    let pins = GpioPins::new(peripherals.gpio);
    let mio = pins.mio;
    // 115,200 baud is within reach of any clock that a first stage sets; without one the first stage's rate stays.
    let rate = ClockConfig::new_autocalc_with_error(clocks.io_clocks(), 115_200).ok();
    let config = rate.map(|(rate, _)| Config::new_with_clk_config(rate));
    let base = base(table.console);
    if let Some(config) = config {
        // Never released: the log uses it.
        let made = match table.console {
            Console::Uart0 => Uart::new_with_mio_for_uart_0(peripherals.uart_0, config, (mio.mio15, mio.mio14)).is_ok(),
            Console::Uart1 => Uart::new_with_mio_for_uart_1(peripherals.uart_1, config, (mio.mio48, mio.mio49)).is_ok(),
        };
        debug_assert!(made, "the peripheral is the one of its number");
    }
    let led = table.led.then(|| Output::new_for_mio(mio.mio7, PinState::Low));
    if table.phy_reset {
        // Low for 10 ms and 30 ms to come up: the longest times of the PHYs of these boards.
        let mut reset = Output::new_for_mio(mio.mio9, PinState::Low);
        GlobalTimer.delay_ms(10);
        reset.set_high();
        GlobalTimer.delay_ms(30);
    }
    let ethernet = crate::ethernet::Pins {
        transmit: (mio.mio16, mio.mio21, (mio.mio17, mio.mio18, mio.mio19, mio.mio20)),
        receive: (mio.mio22, mio.mio27, (mio.mio23, mio.mio24, mio.mio25, mio.mio26)),
        management: (mio.mio52, mio.mio53),
    };
    let flash =
        crate::flash::Pins { select: mio.mio1, data: (mio.mio2, mio.mio3, mio.mio4, mio.mio5), clock: mio.mio6 };
    (Pins { led, ethernet, flash }, base)
}

/// Sets an LED, where there is one.
pub fn show(led: &mut Option<Output>, on: bool) {
    if let Some(led) = led {
        // A pin of the processing system cannot fail.
        let _ = led.set_state(if on {
            embedded_hal::digital::PinState::High
        } else {
            embedded_hal::digital::PinState::Low
        });
    }
}
