//! A wire of two queues for tests, which loses frames on demand.

use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;

use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

type Queue = Rc<RefCell<VecDeque<Vec<u8>>>>;

/// One end of the wire.
pub struct End {
    incoming: Queue,
    outgoing: Queue,
    cut: Rc<RefCell<bool>>,
}

impl End {
    /// Returns both ends, and what loses every frame while it is true.
    pub fn pair() -> ([End; 2], Rc<RefCell<bool>>) {
        let (one, other, cut) = (Queue::default(), Queue::default(), Rc::new(RefCell::new(false)));
        let end = |incoming: &Queue, outgoing: &Queue| End {
            incoming: incoming.clone(),
            outgoing: outgoing.clone(),
            cut: cut.clone(),
        };
        ([end(&one, &other), end(&other, &one)], cut)
    }

    /// Takes the next frame that the other end has sent.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        self.incoming.borrow_mut().pop_front()
    }

    /// Sends a frame to the other end.
    pub fn send(&mut self, frame: Vec<u8>) {
        if !*self.cut.borrow() {
            self.outgoing.borrow_mut().push_back(frame);
        }
    }
}

pub struct Rx(Vec<u8>);
pub struct Tx(Queue, bool);

impl RxToken for Rx {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl TxToken for Tx {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let mut frame = vec![0; length];
        let result = f(&mut frame);
        if !self.1 {
            self.0.borrow_mut().push_back(frame);
        }
        result
    }
}

impl Device for End {
    type RxToken<'a> = Rx;
    type TxToken<'a> = Tx;

    fn receive(&mut self, _: Instant) -> Option<(Rx, Tx)> {
        let frame = self.take()?;
        Some((Rx(frame), Tx(self.outgoing.clone(), *self.cut.borrow())))
    }

    fn transmit(&mut self, _: Instant) -> Option<Tx> {
        Some(Tx(self.outgoing.clone(), *self.cut.borrow()))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1514;
        capabilities
    }
}
