//! Order of the start, and the loop.

use alloc::string::ToString;
use alloc::vec;
use core::sync::atomic::Ordering::Relaxed;

use deltascope_firmware_core::boot_count::CountError;
use deltascope_firmware_core::settings::{Access, Settings, Test};
use deltascope_firmware_core::station::{Note, Station};
use deltascope_protocol::server::{Config, Entropy, Server};
use smoltcp::iface::{Config as InterfaceConfig, Interface, SocketSet};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress};
use zynq7000_hal::clocks::Clocks;
use zynq7000_hal::gpio::Output;
use zynq7000_hal::{Config as HalConfig, pac::Peripherals};

use crate::address::Addressing;
use crate::engine::FirmwareEngine;
use crate::ethernet::Port;
use crate::remote::Remote;
use crate::rings::Rings;
use crate::text::address_text;
use crate::watchdog::Watchdog;
use crate::{board, clock, engine, ethernet, faults, flash, interrupts, log, memory, watchdog};

/// Time between two looks at the link.
const LINK_US: u64 = 250_000;
/// Time between two lines of status.
const STATUS_US: u64 = 10_000_000;
/// Time without a turn of the loop after which the watchdog resets.
const WATCHDOG_MS: u32 = 5_000;
/// Marks a count of starts since power-on, so that it is no count of a flash.
const STARTS_ONLY: u64 = 1 << 63;
/// Sockets beyond the sessions, so that an agent comes back before its old connection is found dead.
const MORE_SOCKETS: usize = 2;

/// Stops with a reason: there is nothing to serve. The watchdog is not running yet.
fn stop(reason: &str) -> ! {
    defmt::error!("STOPPED {=str}", reason);
    log::flush();
    loop {
        aarch32_cpu::asm::wfi();
    }
}

/// Starts everything, and serves.
pub fn run() -> ! {
    // SAFETY: first of all, and once.
    unsafe { memory::start() };
    let mut config = HalConfig::default();
    // The logic is looked at before its level shifters are on and its reset is released.
    config.level_shifter_config = None;
    config.deassert_pl_reset = false;
    config.interrupt_config = None;
    let Ok(peripherals) = zynq7000_hal::init(config) else { faults::restart("the peripherals were taken twice") };
    let (settings, wrong) = crate::settings::read();
    let emulated = settings.engine == Access::Mailbox;
    faults::EMULATED.store(emulated, Relaxed);
    let table = board::table(settings.board);
    let restored = crate::logic::restore_clocks();
    let clocks = match Clocks::new_from_regs(table.oscillator) {
        Ok(clocks) => clocks,
        // No rate is known; the console has the one that the first stage gave it.
        Err(_) => {
            log::start(board::base(table.console));
            stop("clocks: expected a feedback divider of each PLL and dividers of processor and memory, found one of 0")
        }
    };
    let timers = if emulated { clock::EMULATED_HZ } else { clocks.arm_clocks().cpu_3x2x_clk().to_raw() };
    clock::start(timers);
    // SAFETY: each part of the peripherals goes to one owner.
    let (interrupt, ethernet, qspi) =
        unsafe { (Peripherals::steal(), Peripherals::steal().eth_0, Peripherals::steal().qspi) };
    let (pins, uart) = board::take(peripherals, &table, &clocks);
    log::start(uart);
    interrupts::start(interrupt, timers);
    defmt::info!("START deltascope firmware {=str} on {=str}", env!("CARGO_PKG_VERSION"), settings.board.name());
    if let Some(error) = wrong {
        defmt::error!("SETTINGS {=str}; the defaults are used", error.to_string().as_str());
    }
    let left = memory::with_record(|record| record.begin());
    match &left {
        Some(left) => defmt::warn!(
            "LAST RUN ended by {=str}: {=str}; {=u32} starts and {=u32} panics since power-on",
            ending(left),
            left.text(),
            left.starts(),
            left.panics()
        ),
        None => defmt::info!("LAST RUN none since power-on"),
    }
    if !restored.is_none() {
        defmt::warn!("CLOCKS without a divider got that of the reset: {=str}", restored.to_string().as_str());
    }
    defmt::info!("CLOCKS processor {=u32} Hz, timers {=u32} Hz", clocks.arm_clocks().cpu_6x4x_clk().to_raw(), timers);
    if settings.test == Test::Copy {
        // SAFETY: called once; the engine is opened below, which is not reached.
        unsafe { crate::copy_cost::run() }
    }
    let counted = settings.boot_count.map(|region| flash::count_start(qspi, pins.flash, &clocks, region));
    let count = boot_count(counted);
    if settings.engine == Access::Logic
        && let Err(error) = crate::logic::start(&settings, table.oscillator.to_raw())
    {
        stop(error.as_str());
    }
    // SAFETY: called once; the logic is behind the mailbox, or was looked at.
    let engine = match unsafe { engine::open(settings.engine) } {
        Ok(engine) => engine,
        Err(error) => stop(error.to_string().as_str()),
    };
    // SAFETY: called once, and the MMU is on.
    let network = unsafe { ethernet::start(ethernet, pins.ethernet, settings.mac, &clocks) };
    let (port, device) = match network {
        Ok(network) => network,
        Err(error) => stop(error.to_string().as_str()),
    };
    defmt::info!("ETHERNET PHY at {=u8}", port.phy());
    let watchdog = match settings.watchdog {
        true => Watchdog::start(clocks.arm_clocks().cpu_1x_clk().to_raw(), WATCHDOG_MS),
        false => Watchdog::off(),
    };
    Board::new(settings, count, engine, port, device, pins.led, watchdog, left.is_some()).serve()
}

/// Returns what makes this start's boot id differ from every other's, and logs where it comes from.
fn boot_count(counted: Option<Result<(u64, u32), CountError>>) -> u64 {
    let reason = match counted {
        Some(Ok((count, id))) => {
            defmt::info!("BOOT COUNT {=u64}, kept in flash {=u32:06x}", count, id);
            return count;
        }
        Some(Err(error)) => error.to_string(),
        None => "setting boot_count=none".to_string(),
    };
    let starts = memory::with_record(|record| record.starts());
    defmt::warn!(
        "BOOT COUNT not kept: {=str}; the boot id has the {=u32} starts since power-on and the first nonce",
        reason.as_str(),
        starts
    );
    STARTS_ONLY | u64::from(starts)
}

fn ending(record: &deltascope_firmware_core::record::Record) -> &'static str {
    use deltascope_firmware_core::record::Ending;
    match record.ending() {
        Ending::Unknown => "a reset from outside",
        Ending::Panic => "a panic",
        Ending::Exception => "an exception",
        Ending::Requested => "its own request",
    }
}

/// Everything that the loop needs.
struct Board {
    settings: Settings,
    station: Station<FirmwareEngine>,
    interface: Interface,
    device: Rings,
    sockets: SocketSet<'static>,
    addressing: Addressing,
    /// Serves the engine itself, instead of agents.
    remote: Option<Remote>,
    port: Port,
    led: Option<Output>,
    watchdog: Watchdog,
    /// A run before this one left a record: a fault that is made for a test was made.
    is_again: bool,
    next_look: u64,
    next_status: u64,
}

impl Board {
    fn new(
        settings: Settings,
        count: u64,
        engine: FirmwareEngine,
        port: Port,
        mut device: Rings,
        led: Option<Output>,
        watchdog: Watchdog,
        is_again: bool,
    ) -> Board {
        let sessions = usize::from(settings.sessions);
        let config = Config {
            max_sessions: sessions,
            max_connections: sessions + MORE_SOCKETS,
            // Half of the heap; the engine's tables, the DMA's and the sockets' buffers have the other.
            memory: (memory::HEAP_BYTES / 2) as u64,
            ..Config::default()
        };
        let server = match Server::new(engine, config, Entropy::Counter(count)) {
            Ok(server) => server,
            Err(error) => stop(error.to_string().as_str()),
        };
        let mut sockets = SocketSet::new(vec![]);
        let station = Station::new(server, sessions + MORE_SOCKETS, settings.port, settings.peers, &mut sockets);
        let mac = HardwareAddress::Ethernet(EthernetAddress(settings.mac));
        let now = Instant::from_micros(clock::now_us() as i64);
        let mut config = InterfaceConfig::new(mac);
        // Numbers of DHCP requests and first sequence numbers of TCP: not those of another board or of the last start.
        let [a, b, c, d, e, f] = settings.mac;
        config.random_seed = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]) ^ (count << 48) ^ clock::ticks();
        let mut interface = Interface::new(config, &mut device, now);
        let addressing = Addressing::new(&settings, &mut interface, &mut sockets);
        let remote = (settings.test == Test::Engine).then(|| Remote::new(&mut sockets, settings.port));
        Board {
            settings,
            remote,
            station,
            interface,
            device,
            sockets,
            addressing,
            port,
            led,
            watchdog,
            is_again,
            next_look: 0,
            next_status: STATUS_US,
        }
    }

    fn serve(mut self) -> ! {
        let info = self.station.server().info();
        defmt::info!(
            "ENGINE {=u32} contexts, {=u32} groups, journal {=u32} x {=u32}, build {=u32:08x}",
            info.contexts,
            info.groups,
            info.journal_lanes,
            info.journal_depth,
            info.build_id
        );
        let peers = self.settings.peers.to_string();
        defmt::warn!("NO TLS: every machine with one of these addresses is served: {=str}", peers.as_str());
        self.addressing.announce(&self.interface);
        loop {
            let now = clock::now_us();
            let time = Instant::from_micros(now as i64);
            let received = self.interface.poll(time, &mut self.device, &mut self.sockets);
            let active = match &mut self.remote {
                Some(remote) => remote.turn(&mut self.sockets, self.station.server().engine()),
                None => {
                    let turn = self.station.turn(&mut self.sockets, now);
                    turn.moved || turn.activity.busy
                }
            };
            self.interface.poll(time, &mut self.device, &mut self.sockets);
            self.watchdog.feed();
            self.report(now);
            let received = matches!(received, smoltcp::iface::PollResult::SocketStateChanged);
            if !active && !received {
                // A frame or the tick ends the sleep; a frame that came since the poll has raised its interrupt.
                interrupts::sleep_unless(|| false);
            }
        }
    }

    /// What is due besides serving.
    fn report(&mut self, now: u64) {
        while let Some(note) = self.station.take_note() {
            self.print(note);
        }
        if now >= self.next_look {
            self.next_look = now + LINK_US;
            if let Some(link) = self.port.look() {
                match link.is_up {
                    true => {
                        defmt::info!("LINK up, {=u16} Mbit/s, full duplex {=bool}", link.speed.mbps(), link.full_duplex)
                    }
                    false => defmt::warn!("LINK down"),
                }
            }
            let Board { addressing, station, interface, sockets, port, .. } = self;
            if addressing.turn(interface, sockets, port.is_up(), now) {
                station.abort(sockets);
            }
            let lit = self.station.connections() > 0 || (now / LINK_US).is_multiple_of(4);
            board::show(&mut self.led, lit);
        }
        if now >= self.next_status {
            self.next_status = now + STATUS_US;
            self.status();
        }
    }

    fn print(&mut self, note: Note) {
        match note {
            Note::Accepted(address, port) => {
                defmt::info!("PEER {=str}:{=u16} served", address_text(address).as_str(), port);
                self.make_fault();
            }
            Note::NotAllowed(address, port) => {
                defmt::warn!(
                    "PEER {=str}:{=u16} not allowed; add it to the setting peers",
                    address_text(address).as_str(),
                    port
                );
            }
            Note::Full(address, port) => {
                defmt::warn!("PEER {=str}:{=u16} is one too many", address_text(address).as_str(), port)
            }
            Note::Closed(address, port) => {
                defmt::info!("PEER {=str}:{=u16} gone", address_text(address).as_str(), port)
            }
        }
    }

    /// The fault that the settings ask for, once.
    fn make_fault(&mut self) {
        match (self.settings.test, self.is_again) {
            (Test::Panic, false) => panic!("setting test=panic"),
            (Test::Hang, false) => {
                defmt::warn!("HANG setting test=hang; the watchdog resets in {=u32} ms", WATCHDOG_MS);
                watchdog::hang(faults::EMULATED.load(Relaxed), WATCHDOG_MS);
            }
            _ => {}
        }
    }

    fn status(&mut self) {
        let taken = interrupts::taken();
        let (stack, unused) = memory::stack_use();
        let stats = self.station.server().stats();
        let frames = self.device.errors();
        defmt::info!(
            "STATUS records {=u64}, connections {=u64}, interrupts logic {=u32} ethernet {=u32} stray {=u32}, frames lost {=u32}, heap {=usize} of {=usize} peak {=usize} refused {=usize}, stack {=usize} of {=usize}",
            stats.records,
            stats.connections,
            taken.logic,
            taken.ethernet,
            taken.stray,
            frames,
            memory::HEAP_USE.used(),
            memory::HEAP_BYTES,
            memory::HEAP_USE.peak(),
            memory::HEAP_USE.refused(),
            stack - unused,
            stack
        );
        assert!(unused > 0, "the stack of {stack} bytes was used up");
    }
}
