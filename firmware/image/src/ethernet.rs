//! The Ethernet controller 0 and its PHY, by the registers that every PHY has (IEEE 802.3, clause 22).

use crate::rings::{RECEIVE, Rings, TRANSMIT};
use arbitrary_int::u5;
use deltascope_firmware_core::phy::{self, Link, Speed as LinkSpeed};
use zynq7000_hal::cache::clean_and_invalidate_data_cache_range;
use zynq7000_hal::clocks::Clocks;
use zynq7000_hal::eth::rx_descr::{DescriptorList as RxList, DescriptorListWrapper as RxRing};
use zynq7000_hal::eth::tx_descr::{DescriptorList as TxList, DescriptorListWrapper as TxRing};
use zynq7000_hal::eth::{
    ClockConfig, ClockDivSet, Duplex, Ethernet, EthernetConfig, EthernetLowLevel, Speed, UninitBufferList,
    calculate_mdc_clk_div,
};
use zynq7000_hal::gpio::mio::*;
use zynq7000_hal::mmu::{mmu_l1_table_mut, section_attrs};

#[unsafe(link_section = ".uncached")]
static RECEIVE_RING: RxList<RECEIVE> = RxList::new();
#[unsafe(link_section = ".uncached")]
static TRANSMIT_RING: TxList<TRANSMIT> = TxList::new();
#[unsafe(link_section = ".uninit.ethernet")]
static RECEIVE_BUFFERS: UninitBufferList<RECEIVE> = UninitBufferList::new();
#[unsafe(link_section = ".uninit.ethernet")]
static TRANSMIT_BUFFERS: UninitBufferList<TRANSMIT> = UninitBufferList::new();

type Data<A, B, C, D> = (Pin<A>, Pin<B>, Pin<C>, Pin<D>);

/// Pins of the controller: clock, control and data of each direction, and the management bus.
pub struct Pins {
    /// To the PHY.
    pub transmit: (Pin<Mio16>, Pin<Mio21>, Data<Mio17, Mio18, Mio19, Mio20>),
    /// From the PHY.
    pub receive: (Pin<Mio22>, Pin<Mio27>, Data<Mio23, Mio24, Mio25, Mio26>),
    /// MDC and MDIO.
    pub management: (Pin<Mio52>, Pin<Mio53>),
}

/// Why there is no network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EthernetError {
    /// The registers are not those of the controller.
    #[error("Ethernet controller: expected one at its address, found none")]
    Controller,
    /// No rate of the management bus.
    #[error(
        "Ethernet controller: the processor's clock has no divider for the PHY's management bus; check the first stage's clocks"
    )]
    Management,
    /// No PHY answers.
    #[error("PHY: expected one at an address from 0 to 31, found none; is its reset released?")]
    Phy,
}

/// The controller and its PHY.
pub struct Port {
    ethernet: Ethernet,
    phy: u8,
    rates: ClockDivSet,
    link: Link,
}

/// Brings up the controller. Frames may come at once.
///
/// # Safety
/// Called once, with the MMU on.
///
/// # Errors
/// See [`EthernetError`].
pub unsafe fn start(
    registers: zynq7000_hal::pac::eth::MmioRegisters<'static>,
    pins: Pins,
    mac: [u8; 6],
    clocks: &Clocks,
) -> Result<(Port, Rings), EthernetError> {
    // The section begins at a megabyte (memory.x), and nothing was written to it.
    let _ = mmu_l1_table_mut().update(RECEIVE_RING.0.get() as u32 & !0xF_FFFF, section_attrs::SHAREABLE_DEVICE);
    // SAFETY: called once, by the contract of this function.
    let (receive, transmit) = unsafe { (RECEIVE_RING.take(), TRANSMIT_RING.take()) };
    // SAFETY: as above.
    let (receive_buffers, transmit_buffers) = unsafe { (RECEIVE_BUFFERS.take(), TRANSMIT_BUFFERS.take()) };
    for buffers in [receive_buffers.as_slice(), transmit_buffers.as_slice()] {
        // Buffers are whole lines. What is dirty must not be written back over a frame.
        let _ = clean_and_invalidate_data_cache_range(buffers.as_ptr() as u32, size_of_val(buffers));
    }
    let (mut receive, mut transmit) = (RxRing::new(receive.as_mut_slice()), TxRing::new(transmit.as_mut_slice()));
    receive.init_with_aligned_bufs(receive_buffers.as_slice());
    transmit.init_or_reset();

    let controller = EthernetLowLevel::new(registers).ok_or(EthernetError::Controller)?;
    let (rates, _) = ClockDivSet::calculate_for_rgmii_and_io_clock(clocks.io_clocks());
    let management = calculate_mdc_clk_div(clocks.arm_clocks()).ok_or(EthernetError::Management)?;
    let config = EthernetConfig::new(ClockConfig::new(rates.cfg_1000_mbps), management, mac);
    let Pins { transmit: (tx_clock, tx_control, tx_data), receive: (rx_clock, rx_control, rx_data), management } = pins;
    let mut ethernet = Ethernet::new_with_mio_eth_0(
        controller,
        config,
        tx_clock,
        tx_control,
        tx_data,
        rx_clock,
        rx_control,
        rx_data,
        Some(management),
    );
    ethernet.set_rx_buf_descriptor_base_address(receive.base_addr());
    ethernet.set_tx_buf_descriptor_base_address(transmit.base_addr());
    let mut port = Port { ethernet, phy: 0, rates, link: Link::DOWN };
    port.phy = phy::find(|address, register| port.read(address, register)).ok_or(EthernetError::Phy)?;
    port.ethernet.start();
    Ok((port, Rings { receive, receive_buffers, transmit, transmit_buffers, errors: 0 }))
}

impl Port {
    fn read(&mut self, address: u8, register: u8) -> u16 {
        self.ethernet.mdio_mut().read_blocking(u5::new(address & 31), u5::new(register & 31))
    }

    /// Address of the PHY on its bus.
    pub fn phy(&self) -> u8 {
        self.phy
    }

    /// Returns whether the link was up at the last look.
    pub fn is_up(&self) -> bool {
        self.link.is_up
    }

    /// Looks at the link and follows its speed. Returns the link when it has changed.
    pub fn look(&mut self) -> Option<Link> {
        let address = self.phy;
        let link = phy::link(|register| self.read(address, register));
        if link == self.link {
            return None;
        }
        self.link = link;
        if link.is_up {
            let speed = match link.speed {
                LinkSpeed::Mbps10 => Speed::Mbps10,
                LinkSpeed::Mbps100 => Speed::Mbps100,
                LinkSpeed::Mbps1000 => Speed::Mbps1000,
            };
            let duplex = if link.full_duplex { Duplex::Full } else { Duplex::Half };
            self.ethernet.configure_clock_and_speed_duplex(speed, duplex, &self.rates);
        }
        Some(link)
    }
}
