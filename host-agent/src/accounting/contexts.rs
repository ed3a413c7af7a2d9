//! Sockets to the contexts of a session.
//!
//! With more sockets than contexts the least recently used context goes to the new socket. The operand of a
//! SEND holds a hash of its socket, so the first send after such a change does not match what another socket
//! left behind: waste can be hidden by sharing and is not invented.

use super::slot_table::SlotTable;

/// Context numbers of sockets.
#[derive(Clone, Debug)]
pub struct ContextTable {
    slots: SlotTable<u64>,
    shared: u64,
}

impl ContextTable {
    /// A table over contexts 0 to `granted` - 1 of a session; at most 65,536 are used.
    pub fn new(granted: u32) -> ContextTable {
        ContextTable { slots: SlotTable::new(granted.clamp(1, 1 << 16)), shared: 0 }
    }

    /// Takes contexts up to `granted` - 1 into use.
    pub fn grow(&mut self, granted: u32) {
        self.slots.grow(granted.clamp(1, 1 << 16));
    }

    /// Whether a socket would get a context that another one has.
    pub fn is_full_for(&self, socket: u64) -> bool {
        self.slots.is_full() && !self.slots.contains(&socket)
    }

    /// The context of a socket.
    pub fn context(&mut self, socket: u64) -> u16 {
        if let Some(slot) = self.slots.touch(&socket) {
            return slot as u16;
        }
        if let Some(slot) = self.slots.insert(socket) {
            return slot as u16;
        }
        self.shared += 1;
        self.slots.remove_oldest();
        self.slots.insert(socket).unwrap_or(0) as u16
    }

    /// Times that a context was taken from one socket and given to another.
    pub fn shared(&self) -> u64 {
        self.shared
    }
}

#[cfg(test)]
mod tests {
    use super::ContextTable;

    #[test]
    fn a_socket_keeps_its_context_until_others_need_it() {
        let mut table = ContextTable::new(2);
        let (first, second) = (table.context(10), table.context(20));
        assert_ne!(first, second);
        assert_eq!(table.context(10), first);
        assert_eq!(table.shared(), 0);
        assert_eq!(table.context(30), second, "20 was used least recently");
        assert_eq!(table.shared(), 1);
        assert_eq!(table.context(10), first);
        assert_eq!(table.context(20), second);
        assert_eq!(table.shared(), 2);
    }
}
