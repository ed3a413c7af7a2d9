//! The registers that every Ethernet PHY has (IEEE 802.3, clauses 22 and 28, tables 22-6 to 22-8 and 40-3).

/// Basic mode status: bit 2 link, bit 5 autonegotiation complete, bit 8 register 15 is there.
const STATUS: u8 = 1;
/// First half of the PHY's identifier.
const IDENTIFIER: u8 = 2;
/// What this end offers, and what the other end offers.
const OFFER: u8 = 4;
const PARTNER: u8 = 5;
/// The same for 1000BASE-T.
const OFFER_1000: u8 = 9;
const PARTNER_1000: u8 = 10;

/// Speed of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// 10 Mbit/s.
    Mbps10,
    /// 100 Mbit/s.
    Mbps100,
    /// 1 Gbit/s.
    Mbps1000,
}

impl Speed {
    /// Mbit/s.
    pub const fn mbps(self) -> u16 {
        match self {
            Speed::Mbps10 => 10,
            Speed::Mbps100 => 100,
            Speed::Mbps1000 => 1_000,
        }
    }
}

/// A link as the PHY reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whether the two ends see each other.
    pub is_up: bool,
    /// Best speed that both ends offer.
    pub speed: Speed,
    /// Whether both may send at a time.
    pub full_duplex: bool,
}

impl Link {
    /// No link.
    pub const DOWN: Link = Link { is_up: false, speed: Speed::Mbps1000, full_duplex: true };
}

/// Returns the address of the first PHY that answers `read(address, register)`.
pub fn find(mut read: impl FnMut(u8, u8) -> u16) -> Option<u8> {
    (0..32).find(|&address| !matches!(read(address, IDENTIFIER), 0 | 0xFFFF))
}

/// Reads the link. The status register keeps a loss of the link until it is read, so it is read twice.
pub fn link(mut read: impl FnMut(u8) -> u16) -> Link {
    read(STATUS);
    let status = read(STATUS);
    if status & (1 << 2) == 0 || status & (1 << 5) == 0 {
        return Link::DOWN;
    }
    // The partner's bits for 1000BASE-T are two places above the offer's.
    let gigabit = read(OFFER_1000) & (read(PARTNER_1000) >> 2);
    let common = read(OFFER) & read(PARTNER);
    let (speed, full_duplex) = match () {
        () if gigabit & (1 << 9) != 0 => (Speed::Mbps1000, true),
        () if gigabit & (1 << 8) != 0 => (Speed::Mbps1000, false),
        () if common & (1 << 8) != 0 => (Speed::Mbps100, true),
        () if common & (1 << 7) != 0 => (Speed::Mbps100, false),
        () if common & (1 << 6) != 0 => (Speed::Mbps10, true),
        () => (Speed::Mbps10, false),
    };
    Link { is_up: true, speed, full_duplex }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registers(status: u16, offer: u16, partner: u16, offer_1000: u16, partner_1000: u16) -> impl FnMut(u8) -> u16 {
        move |register| match register {
            STATUS => status,
            OFFER => offer,
            PARTNER => partner,
            OFFER_1000 => offer_1000,
            PARTNER_1000 => partner_1000,
            other => panic!("register {other}"),
        }
    }

    #[test]
    fn the_best_common_speed_is_taken() {
        let up = |speed, full_duplex| Link { is_up: true, speed, full_duplex };
        let cases = [
            ((0x7969, 0x01E1, 0x01E1, 0x0300, 0x0C00), Link::DOWN),
            ((0x796D, 0x01E1, 0x01E1, 0x0300, 0x0C00), up(Speed::Mbps1000, true)),
            ((0x796D, 0x01E1, 0x01E1, 0x0300, 0x0400), up(Speed::Mbps1000, false)),
            ((0x796D, 0x01E1, 0x0181, 0x0000, 0x0C00), up(Speed::Mbps100, true)),
            ((0x796D, 0x00E1, 0x01E1, 0x0300, 0x0000), up(Speed::Mbps100, false)),
            ((0x796D, 0x0061, 0x01E1, 0, 0), up(Speed::Mbps10, true)),
            ((0x796D, 0x0021, 0x01E1, 0, 0), up(Speed::Mbps10, false)),
            // Autonegotiation is not over.
            ((0x794D, 0x01E1, 0x01E1, 0x0300, 0x0C00), Link::DOWN),
        ];
        for ((status, offer, partner, offer_1000, partner_1000), expected) in cases {
            assert_eq!(link(registers(status, offer, partner, offer_1000, partner_1000)), expected, "{status:#x}");
        }
    }

    #[test]
    fn a_loss_between_two_looks_is_not_a_loss_now() {
        let mut looks = [0x7969, 0x796D].into_iter();
        let found = link(|register| match register {
            STATUS => looks.next().unwrap_or(0),
            _ => 0x0FFF,
        });
        assert!(found.is_up);
    }

    #[test]
    fn an_empty_bus_has_no_phy() {
        assert_eq!(find(|_, _| 0xFFFF), None);
        assert_eq!(find(|address, _| if address == 7 { 0x0141 } else { 0xFFFF }), Some(7));
    }
}
