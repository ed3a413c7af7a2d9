//! The interface's address: of the settings, or from a DHCP server.

use core::net::Ipv4Addr;

use deltascope_firmware_core::dhcp::{Awaited, Cause, Dhcp, Event};
use deltascope_firmware_core::settings::{Address, Settings};
use smoltcp::iface::{Interface, SocketSet};
use smoltcp::wire::{IpAddress, IpCidr};

use crate::text::address_text;

/// Where the address comes from.
pub struct Addressing {
    dhcp: Option<Dhcp>,
    port: u16,
}

impl Addressing {
    /// Gives the interface the address of the settings, or a socket that asks for one.
    pub fn new(settings: &Settings, interface: &mut Interface, sockets: &mut SocketSet<'_>) -> Addressing {
        let port = settings.port;
        let Address::Static(network) = settings.address else {
            return Addressing { dhcp: Some(Dhcp::new(sockets, settings.gateway)), port };
        };
        interface.update_ip_addrs(|addresses| {
            // It is the first.
            let _ = addresses.push(IpCidr::new(IpAddress::Ipv4(network.address), network.prefix));
        });
        if let Some(gateway) = settings.gateway {
            // The table of routes is empty, so there is room.
            let _ = interface.routes_mut().add_default_ipv4_route(gateway);
        }
        Addressing { dhcp: None, port }
    }

    /// Logs the address of the settings, or that one is asked for.
    pub fn announce(&self, interface: &Interface) {
        match (&self.dhcp, interface.ipv4_addr()) {
            (None, Some(address)) => self.serving(address),
            _ => defmt::info!("DHCP asks for an address"),
        }
    }

    /// Follows the lease. Returns whether an address was lost, whose connections must end.
    pub fn turn(&mut self, interface: &mut Interface, sockets: &mut SocketSet<'_>, link_is_up: bool, now: u64) -> bool {
        let Some(mut dhcp) = self.dhcp.take() else { return false };
        let mut is_lost = false;
        dhcp.turn(interface, sockets, link_is_up, now, |event| {
            is_lost |= matches!(event, Event::Lost(..));
            self.log(event);
        });
        self.dhcp = Some(dhcp);
        is_lost
    }

    fn serving(&self, address: Ipv4Addr) {
        defmt::info!("SERVING {=str} port {=u16}", address_text(address).as_str(), self.port);
    }

    fn log(&self, event: Event) {
        match event {
            Event::Leased(lease) => {
                let router = lease.router.map(address_text);
                defmt::info!(
                    "DHCP leased {=str}/{=u8} of {=str} for {=u32} s, router {=str}",
                    address_text(lease.network.address).as_str(),
                    lease.network.prefix,
                    address_text(lease.server).as_str(),
                    lease.seconds,
                    router.as_ref().map_or("none", |router| router.as_str())
                );
                self.serving(lease.network.address);
            }
            Event::Renewed(lease) => defmt::info!(
                "DHCP renewed {=str} of {=str} for {=u32} s",
                address_text(lease.network.address).as_str(),
                address_text(lease.server).as_str(),
                lease.seconds
            ),
            Event::Lost(address, cause) => defmt::warn!(
                "DHCP lost {=str}, {=str}; its connections end",
                address_text(address).as_str(),
                match cause {
                    Cause::Expired => "the lease has ended",
                    Cause::Refused => "the server refused to renew it",
                    Cause::Replaced => "a server granted another address",
                }
            ),
            Event::Waiting(awaited, seconds) => defmt::warn!(
                "DHCP waits since {=u64} s for {=str}, and keeps asking",
                seconds,
                match awaited {
                    Awaited::Link => "the link",
                    Awaited::Server => "a server's lease",
                    Awaited::Renewal => "a server to renew the lease",
                }
            ),
        }
    }
}
